"""Answers to `advance` as JSON, MessagePack or Arrow."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import msgspec
from arro3.core import Array, DataType, RecordBatch
from arro3.io import write_ipc_stream
from fastapi.responses import Response

from api.http.accept import preferred
from api.http.formats import FORMATS, JSON

MSGPACK = "application/msgpack"
ARROW = FORMATS["arrow"].media_type


def steps_response(answer: Mapping[str, Any], accept: str | None) -> Response:
    """Return what a world published in some ticks, in the form of the three that `accept` prefers, or as JSON.

    Parameters
    ----------
    answer : mapping
        Members of `zenata.contract.worlds.Advanced`; values may be JSON text (`msgspec.Raw`).
    accept : str or None
        The header of this name.
    """
    media = preferred(accept, (JSON, MSGPACK, ARROW)) or JSON
    content = msgspec.json.encode(answer)
    if media == MSGPACK:
        content = msgspec.msgpack.encode(msgspec.json.decode(content))
    elif media == ARROW:
        content = _arrow(msgspec.json.decode(content))
    return Response(content, media_type=media)


def _arrow(document: dict[str, Any]) -> bytes:
    names = ("time", "world", "sensor", "kind", "district", "property", "unit", "value", "seq")
    types = [DataType.string()] * 7 + [DataType.float64(), DataType.int64()]
    columns: dict[str, Any] = {
        name: Array([item[name] for item in document["items"]], type_) for name, type_ in zip(names, types, strict=True)
    }
    columns["time"] = columns["time"].cast(DataType.timestamp("us", tz="UTC"))
    batch = RecordBatch.from_pydict(columns)
    rest = {name: msgspec.json.encode(value).decode() for name, value in document.items() if name != "items"}
    stream = BytesIO()
    write_ipc_stream(batch.with_schema(batch.schema.with_metadata(rest)), stream, compression=None)
    return stream.getvalue()
