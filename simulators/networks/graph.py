"""Graphs of networks, as GeoJSON (RFC 7946) and as the node-link JSON that networkx reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zenata.city.kinds import KINDS
from zenata.city.model import City, Sensor

Position = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """A network.

    Parameters
    ----------
    name : str
    directed : bool
    about : dict
        What is true of the whole.
    nodes : list of dict
        Each with an ``id``, a ``type`` and a ``position`` (longitude, latitude) [deg].
    edges : list of dict
        Each with an ``id``, a ``type``, ``source`` and ``target``, and a ``line`` of positions.
    """

    name: str
    directed: bool
    about: dict[str, Any]
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]

    def node_link(self) -> dict[str, Any]:
        """Return the document that ``networkx.node_link_graph`` reads."""
        return {
            "directed": self.directed,
            "multigraph": True,
            "graph": {"name": self.name, **self.about},
            "nodes": [
                {**_without(node, "position"), "longitude": node["position"][0], "latitude": node["position"][1]}
                for node in self.nodes
            ],
            "edges": [{"key": edge["id"], **_without(edge, "line")} for edge in self.edges],
        }

    def geojson(self) -> dict[str, Any]:
        """Return a collection of points and lines; `layer` tells nodes from edges."""
        features = [_feature("node", node, "Point", "position") for node in self.nodes]
        features += [_feature("edge", edge, "LineString", "line") for edge in self.edges]
        return {"type": "FeatureCollection", "network": {"name": self.name, **self.about}, "features": features}


def devices_by(city: City, attribute: str, kinds: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
    """Return the devices of some kinds by one of their attributes, in city order."""
    chosen, found = set(kinds), defaultdict(list)
    for sensor in city.sensors:
        if sensor.kind in chosen and attribute in sensor.attributes:
            found[str(sensor.attributes[attribute])].append(device(sensor))
    return found


def device(sensor: Sensor) -> dict[str, Any]:
    """Return a device as networks name it: its id, and the setpoints that it obeys."""
    settings = [
        setting.name
        for setting in KINDS[sensor.kind].settings
        if setting.needs is None or setting.needs in sensor.attributes
    ]
    return {"sensor": sensor.id, "setpoints": settings}


def _without(about: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key != name}


def _feature(layer: str, about: Mapping[str, Any], type_: str, geometry: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": about["id"],
        "geometry": {"type": type_, "coordinates": about[geometry]},
        "properties": {"layer": layer, **_without(about, geometry)},
    }
