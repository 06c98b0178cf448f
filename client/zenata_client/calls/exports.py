"""Exports: queries of any size, written to a file by the sandbox and downloaded."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Unpack

import httpx

from zenata_client.contract.base import Page
from zenata_client.contract.exports import Export
from zenata_client.errors import ExportError, UnreachableError
from zenata_client.parameters import FormatName, Selection, body, documented
from zenata_client.plan import PATIENCE, Pause, Plan, Read, Send, collect, delete, get, items, open_, post, route
from zenata_client.progress import bar

_POLL = 0.1  # pause before the first look at the progress of an export, then doubled [s] ...
_MAX_POLL = 5.0  # ... up to this [s]
_WAIT = 1.0  # before a broken download continues [s]


@documented
def make_export(
    *,
    format: FormatName = "parquet",  # noqa: A002 - the API's word
    **selection: Unpack[Selection],
) -> Plan[Export]:
    """Let the sandbox write readings, or aggregates of them, to a file; `download` fetches it once it is done.

    Parameters
    ----------
    {series}
    {range}
    format : str
        ``csv``, ``parquet`` or ``arrow``.
    """
    return (yield from post(Export, route("exports"), body({**selection, "format": format})))


def exports() -> Plan[list[Export]]:
    """Return your exports, newest first."""
    return (yield from collect(items(Page[Export], route("exports"))))


def delete_export(export: str) -> Plan[None]:
    """Delete an export and its file; one that is not done stops."""
    yield from delete(route("exports", export))


@documented
def export(
    file: str | Path,
    *,
    format: FormatName = "parquet",  # noqa: A002 - the API's word
    progress: bool = False,
    **selection: Unpack[Selection],
) -> Plan[Path]:
    """Write readings, or aggregates of them, to a file here, and return its path.

    The sandbox writes it, and it is downloaded and deleted there. If that is interrupted, `exports` lists it, and
    `download` continues.

    Parameters
    ----------
    file : str or Path
        Replaced, if there is one.
    {series}
    {range}
    format : str
        ``csv``, ``parquet`` or ``arrow``.
    progress : bool
        Show a progress bar.
    """
    made = yield from make_export(
        **selection,
        format=format,
    )
    path = yield from download(made.id, file, progress=progress)
    yield from delete_export(made.id)
    return path


def download(export: str, file: str | Path, *, progress: bool = False) -> Plan[Path]:
    """Download the file of an export, once it is done, and return its path.

    A part of it stands beside `file`, with the id of the export and ``.part`` after its name. After a broken connection,
    and in a program that was stopped and makes the same call again, the download continues there.

    Parameters
    ----------
    export : str
        Its id.
    file : str or Path
        Replaced, if there is one.
    progress : bool
        Show a progress bar.

    Raises
    ------
    ExportError
        If it could not be written, or the file is not complete.
    """
    made = yield from _written(export, progress)
    file = Path(file)
    part = file.with_name(f"{file.name}.{export}.part")
    with part.open("ab") as stream, bar(progress, "fetched", "B", made.bytes, stream.tell()) as move:
        yield from _fetch(made, stream, move)
    size = part.stat().st_size
    if size != made.bytes:
        part.unlink()
        raise ExportError(f"the file of export {export} has {size:,} bytes instead of {made.bytes:,}: fetch it again")
    return part.replace(file)


def _written(id_: str, progress: bool) -> Plan[Export]:
    """Wait until an export is done, and return it."""
    pause, shown = _POLL, 0
    with bar(progress, "written", "%", 100) as move:
        while True:
            made = yield from get(Export, route("exports", id_))
            percent = int(100 * made.progress)
            move(percent - shown)
            shown = percent
            if made.state == "failed":
                raise ExportError(f"export {id_} failed: {made.reason}")
            if made.state == "done":
                return made
            yield Pause(pause)
            pause = min(2 * pause, _MAX_POLL)


def _fetch(made: Export, stream: BinaryIO, move: Callable[[int], object]) -> Plan[None]:
    """Append the missing part to a file, over as many connections as it takes."""
    waited = 0.0
    while (begin := stream.tell()) < made.bytes:
        try:
            yield from _append(made.id, stream, move)
        except UnreachableError:
            waited = waited + _WAIT if stream.tell() == begin else 0.0
            if waited > PATIENCE:
                raise
            yield Pause(_WAIT)
        else:
            return


def _append(id_: str, stream: BinaryIO, move: Callable[[int], object]) -> Plan[None]:
    """Append to a file the bytes of one connection."""
    begin = stream.tell()
    headers = {"Range": f"bytes={begin}-", "Accept-Encoding": "identity"}
    response, chunks = yield from open_(Send(method="GET", path=route("exports", id_, "file"), headers=headers))
    if response.status_code != httpx.codes.PARTIAL_CONTENT:  # a proxy between us knows no ranges: it is the whole file
        stream.seek(0)
        stream.truncate()
        move(-begin)
    while piece := (yield Read(chunks)):
        stream.write(piece)
        move(len(piece))
