"""Networks of the city: streets, water, power, traffic and buses, as GeoJSON and as node-link JSON."""

from typing import Literal

from msgspec import field

from .base import Document, JsonObject, OpenDocument
from .city import Point, Polygon, Position


class LineString(Document, frozen=True, kw_only=True, tag_field="type", tag="LineString"):
    """A line as GeoJSON (RFC 7946)."""

    coordinates: list[Position]


class NetworkFeature(Document, frozen=True, kw_only=True):
    """A node or an edge of a network as GeoJSON.

    Parameters
    ----------
    id : str
    properties : dict
        `layer` is `node` or `edge`; the other members are those of the node-link document.
    """

    type: Literal["Feature"]
    id: str
    geometry: Point | LineString
    properties: JsonObject


class NetworkMap(Document, frozen=True, kw_only=True):
    """A network as GeoJSON; `network` is what is true of the whole, such as units."""

    type: Literal["FeatureCollection"]
    network: JsonObject
    features: list[NetworkFeature]


class NetworkGraph(Document, frozen=True, kw_only=True):
    """A network as node-link JSON, for `networkx.node_link_graph(document, edges="edges")`.

    Parameters
    ----------
    directed, multigraph : bool
    graph : dict
        What is true of the whole, such as units.
    nodes : list of dict
        Each with an `id`, a `type`, a `longitude` and a `latitude` [deg, WGS 84].
    edges : list of dict
        Each with an `id`, which is its `key` too, a `type`, a `source` and a `target`.
    """

    directed: bool
    multigraph: bool
    graph: JsonObject
    nodes: list[JsonObject] = field(default_factory=list)
    edges: list[JsonObject] = field(default_factory=list)


class LayerFeature(Document, frozen=True, kw_only=True):
    """A building (`id`, `district`, `height` [m]), or a piece of land or water (`id`, `layer`, `name`, `name_fr`, `name_ar`)."""

    type: Literal["Feature"]
    geometry: Polygon | LineString
    properties: JsonObject


class Layer(OpenDocument, frozen=True, kw_only=True):
    """A layer of the map as GeoJSON; `note` says what is fictional."""

    type: Literal["FeatureCollection"]
    features: list[LayerFeature]
    note: str = ""
