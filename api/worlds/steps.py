"""Answers to `advance` as JSON, MessagePack or Arrow."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import msgspec
from fastapi.responses import Response

from api.http.formats import FORMATS, JSON

MSGPACK = "application/msgpack"
ARROW = FORMATS["arrow"].media_type


def steps_response(answer: Mapping[str, Any], accept: str) -> Response:
    """Return what a world said in some ticks, in the first of the three forms that `accept` names, or as JSON.

    Parameters
    ----------
    answer : mapping
        Members of `zenata.contract.worlds.Advanced`; values may be JSON text (`msgspec.Raw`).
    accept : str
        The header of this name.
    """
    named = {media: accept.find(media) for media in (JSON, MSGPACK, ARROW) if media in accept}
    media = min(named, key=named.__getitem__) if named else JSON
    content = msgspec.json.encode(answer)
    if media == MSGPACK:
        content = msgspec.msgpack.encode(msgspec.json.decode(content))
    elif media == ARROW:
        content = _arrow(msgspec.json.decode(content))
    return Response(content, media_type=media)


def _arrow(document: dict[str, Any]) -> bytes:
    import pyarrow as pa  # it takes 0.2 s and 40 MB, which a process that serves no Arrow need not spend

    names = ("time", "world", "sensor", "kind", "district", "property", "unit", "value", "seq")
    types = [pa.string()] * 7 + [pa.float64(), pa.int64()]
    rest = {name.encode(): msgspec.json.encode(value) for name, value in document.items() if name != "items"}
    schema = pa.schema(list(zip(names, types, strict=True)), metadata=rest)
    table = pa.Table.from_pylist(document["items"], schema)
    index = table.schema.get_field_index("time")
    times = table.column("time").cast(pa.timestamp("us", "UTC"))
    table = table.set_column(index, "time", times).replace_schema_metadata(rest)
    sink = BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
