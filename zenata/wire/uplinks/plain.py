"""JSON objects of properties: ``{"temperature": 21.5, "door": true, "time": "2026-01-31T08:00:00Z"}``.

``time``, ``ts``, ``timestamp``, ``at`` or another of `TIMES` and `UNIX_TIMES` is when it was observed; left out, it is when
the message comes. ``device`` names the device where nothing else does. Every other member is a property
(`zenata.wire.uplinks.base`). A list of such objects is several observations. Where all numbers are in one member, that one
may say the time: ``{"type": "reading", "data": {"temperature": 21.5, "ts": 1767225600}}``. An object may say ``name`` and
``value`` of one property. Some senders wrap the properties:

- ThingsBoard: ``{"ts": 1767225600000, "values": {"temperature": 21.5}}``, and lists of it;
- Shelly (second generation) on its topic of events: ``{"method": "NotifyStatus", "params": {"ts": ..., ...}}``.

Zigbee2MQTT, which is recognised by ``linkquality``, has ``battery`` in percent.

References
----------
ThingsBoard documentation, "Telemetry upload API"; Shelly API documentation, "Notifications"; Zigbee2MQTT documentation,
"MQTT topics and messages".
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from zenata.city.clock import lacks_zone
from zenata.errors import UplinkError, UplinkTimeError
from zenata.wire.uplinks.base import MAX_DEPTH, OBSERVATION, LeftOut, Uplink, battery, flatten, leave_out
from zenata.wire.uplinks.times import time_of

MAX_ITEMS = 1000
"""Observations of one list."""

_NAMED = {"name", "value"}
"""Members of an object that says what its one number is: ``{"name": "temperature", "value": 21.5}``."""

_WRAPPERS = (OBSERVATION, OBSERVATION | {"device"})


def decode(document: Mapping[str, Any] | Sequence[Any]) -> list[Uplink]:
    """Return what an object of properties says, or a list of them.

    Of a list, items that cannot be read are left out, and the others stay.

    Raises
    ------
    UplinkError
        If nothing of it is a number, or its time is none.
    """
    if isinstance(document, Mapping):
        return [_uplink(document)]
    if len(document) > MAX_ITEMS:
        raise UplinkError(f"a list of {len(document):,} objects; send up to {MAX_ITEMS:,} at once")
    uplinks: list[Uplink] = []
    left_out: list[LeftOut] = []
    for index, item in enumerate(document):
        try:
            uplinks.append(_uplink(item))
        except UplinkError as error:
            leave_out(left_out, LeftOut(f"[{index}]", str(error)))
    if not uplinks:
        raise UplinkError(left_out[0].reason if left_out else "an empty list")
    uplinks[0] = replace(uplinks[0], left_out=[*uplinks[0].left_out, *left_out])
    return uplinks


def _uplink(document: object) -> Uplink:
    if not isinstance(document, Mapping):
        raise UplinkError('not an object of properties, such as {"temperature": 21.5}')
    properties, device = document, document.get("device")
    if set(document) in _WRAPPERS and isinstance(document["values"], Mapping):
        name, time = time_of(document)
        says = document.get(name)
        properties = {**document["values"]} | ({"device": device} if "device" in document else {})
    else:
        if str(document.get("method", "")).startswith("Notify") and isinstance(document.get("params"), Mapping):
            properties = document["params"]
        properties, time, says = _dated(properties)
    properties = _named(properties)
    spoken_for = ["device"] if isinstance(device, str) else []
    members = flatten(dict(properties), *spoken_for)
    if not members.properties:
        reasons = [f"{one.name}: {one.reason}" for one in members.left_out if one.rejected]
        raise UplinkError(
            "; ".join(reasons[:3]) or 'no property with a number or a boolean: expected {"temperature": 21.5, ...}'
        )
    return Uplink(
        device=device if isinstance(device, str) else None,
        time=time,
        properties=members.properties,
        battery=battery(members.properties, is_percent="linkquality" in members.properties),
        left_out=members.left_out,
        assumed_utc=isinstance(says, str) and lacks_zone(says),
    )


def _named(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object whose one number is called by the text beside it with that name; any other as it is.

    Else all that such objects say would be one series, ``value``.
    """
    numbers = [member for member, value in document.items() if isinstance(value, int | float | dict | list)]
    if numbers != ["value"] or not isinstance(document.get("name"), str) or isinstance(document["value"], dict | list):
        return document
    others = {member: value for member, value in document.items() if member not in _NAMED}
    return {document["name"]: document["value"], **others}


def _dated(document: Mapping[str, Any], depth: int = MAX_DEPTH) -> tuple[Mapping[str, Any], int | None, object]:
    """Return a document without the member that says its time, that time, and what the member says.

    Raises
    ------
    UplinkError
        If its time is none, or it is a list of observations in another form than `decode` takes.
    """
    name, time = time_of(document)
    if name:
        return {member: value for member, value in document.items() if member != name}, time, document[name]
    inner = [member for member, value in document.items() if isinstance(value, int | float | dict | list)]
    if len(inner) != 1 or not depth:
        return document, None, None
    (member,) = inner
    value = document[member]
    if isinstance(value, Mapping):
        with suppress(UplinkTimeError):
            without, time, says = _dated(value, depth - 1)
            return {**document, member: without}, time, says
    elif isinstance(value, list) and any(isinstance(item, Mapping) and time_of(item)[0] for item in value):
        raise UplinkError(
            f"{member}/0: it has a time of its own: send such observations as a list, or each as a message"
        )
    return document, None, None
