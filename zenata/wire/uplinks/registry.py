"""Codecs that a device can have, and how the format of a payload is detected."""

import json
import re
from codecs import BOM_UTF8
from typing import Any

import msgspec

from zenata.errors import UplinkError
from zenata.wire.uplinks import cayenne, chirpstack, influx, plain, senml, things
from zenata.wire.uplinks.base import BytesCodec, Members, Uplink, flatten, read

AUTO, CAYENNE, JSON_BYTES, INFLUX = "auto", "cayenne", "json", "influx"

CODECS = {
    AUTO: "SenML, JSON objects, or an uplink that its network server has decoded",
    CAYENNE: "Cayenne LPP: the bytes of an uplink, or a whole message",
    JSON_BYTES: "a JSON object as the bytes of an uplink",
    INFLUX: "InfluxDB line protocol",
}
"""What a device may speak. Whatever it is, SenML, JSON objects and decoded uplinks are understood beside it."""

_object = msgspec.json.Decoder(dict[str, Any])
_list = msgspec.json.Decoder(list[Any])
_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?\bInfinity\b|\bNaN\b', re.DOTALL)  # or a text, which stays as it is
_MEMBER = re.compile(rb'(?<!\\)"\s*:')  # the end of a member's name; a text may hold one too


def _json(data: bytes) -> Members:
    return flatten(read(_object, data))


_BYTES: dict[str, BytesCodec] = {CAYENNE: cayenne.decode, JSON_BYTES: _json}


def decode(payload: bytes, codec: str, now: int, knows: influx.Knows = influx.any_device) -> list[Uplink]:
    """Read what a device says.

    Parameters
    ----------
    payload : bytes
    codec : str
        One of `CODECS`.
    now : int
        What relative times count from [us since the Unix epoch].
    knows : callable
        Whether a word is a device; see `zenata.wire.uplinks.influx`.

    Raises
    ------
    UplinkError
        If it is nothing that this codec understands.
    """
    if codec == INFLUX:
        return influx.decode(payload, knows=knows)
    if codec != CAYENNE:
        payload = _plain_json(payload)
    match _first(payload):
        case b"[" if codec != CAYENNE or payload.rstrip().endswith(b"]"):  # it is channel 91, too
            items = read(_list, payload)
            _check_names(payload, items)
            return senml.decode(payload, now) if senml.is_pack(items) else plain.decode(items)
        case b"{" if (document := _document(payload, codec)) is not None:
            if "deviceInfo" in document:
                return chirpstack.decode(payload, _BYTES.get(codec))
            if "end_device_ids" in document:
                return things.decode(payload, _BYTES.get(codec))
            _check_names(payload, document)
            if senml.is_record(document):
                return senml.decode(b"[%b]" % payload, now)
            return plain.decode(document)
    if codec == CAYENNE:
        members = cayenne.decode(payload)
        return [Uplink(properties=members.properties, left_out=members.left_out)]
    raise UplinkError("neither a SenML pack nor a JSON object: see docs/devices.md for what a device can send")


def device_of(payload: bytes) -> str | None:
    """Return whom a JSON object speaks of; None where it does not say, or is something else.

    Raises
    ------
    UplinkError
        If it begins like a JSON object and is none.
    """
    payload = _plain_json(payload)
    if _first(payload) != b"{":
        return None
    match read(_object, payload):
        case {"deviceInfo": {"devEui": str(device)}}:
            return device
        case {"end_device_ids": {"device_id": str(device)}}:
            return device
        case {"device": str(device)}:
            return device
    return None


def _plain_json(payload: bytes) -> bytes:
    """Return JSON without what senders add to it: a mark of the byte order (RFC 8259, section 8.1), and words for no number.

    Python writes ``NaN`` and ``Infinity`` (section 6 has neither); as texts they are left out, and the others stay.
    """
    payload = payload.removeprefix(BOM_UTF8)
    if _first(payload) in {b"[", b"{"} and (b"NaN" in payload or b"Infinity" in payload):
        return _NO_NUMBER.sub(lambda match: match[0] if match[0][:1] == b'"' else b'"%b"' % match[0], payload)
    return payload


def _check_names(payload: bytes, document: object) -> None:
    """Refuse JSON with one name twice in an object: a decoder keeps one value and drops the other (RFC 8259, section 4)."""
    try:
        if len(_MEMBER.findall(payload)) != _count(document):
            json.loads(payload, object_pairs_hook=_unique, parse_int=float)
    except RecursionError:
        raise UplinkError("it is nested too deeply") from None


def _count(value: object) -> int:
    """Return how many members all objects have together."""
    if isinstance(value, dict):
        return len(value) + sum(map(_count, value.values()))
    return sum(map(_count, value)) if isinstance(value, list) else 0


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in dict(pairs[:index]))
        raise UplinkError(f"the name {twice[:80]!r} comes twice in one object, and only one of the two could be stored")
    return made


def _first(payload: bytes) -> bytes:
    """Return the first byte that is no white space."""
    return payload[:64].lstrip()[:1]


def _document(payload: bytes, codec: str) -> dict[str, Any] | None:
    """Return a JSON object, or None where it is none and may be bytes."""
    try:
        return read(_object, payload)
    except UplinkError:
        if codec == CAYENNE:
            return None
        raise
