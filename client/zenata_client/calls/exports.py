"""Calls for what is too much for an answer: it is written to a file there, and fetched."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Unpack

import httpx

from zenata_client.asked import Asked, FormatName
from zenata_client.documents import Export, Page
from zenata_client.errors import ExportError, UnreachableError
from zenata_client.plan import PATIENCE, Pause, Plan, Read, Send, at, delete, get, items, open_, post, whole
from zenata_client.progress import bar

_LOOK = 0.1  # before the first look at how far an export is; then twice as long each time [s] ...
_LONGEST_LOOK = 5.0  # ... up to this [s]
_WAIT = 1.0  # before a broken download goes on [s]


def make_export(*, format: FormatName = "parquet", **asked: Unpack[Asked]) -> Plan[Export]:  # noqa: A002 - the API's word
    """Have readings, or aggregates of them, written to a file there; `download` fetches it once it is done."""
    return (yield from post(Export, at("exports"), {**asked, "format": format}))


def exports() -> Plan[list[Export]]:
    """Return one's exports, newest first."""
    return (yield from whole(items(Page[Export], at("exports"))))


def delete_export(export: str) -> Plan[None]:
    """Forget an export and its file; one under way stops."""
    yield from delete(at("exports", export))


def export(
    file: str | Path,
    *,
    format: FormatName = "parquet",  # noqa: A002 - the API's word
    progress: bool = False,
    **asked: Unpack[Asked],
) -> Plan[Path]:
    """Have readings, or aggregates of them, written there, fetch the file, and return where it is.

    If it is broken off, `exports` has what was made there, and `download` goes on.

    Parameters
    ----------
    file : str or Path
        Replaced, if there is one.
    format : str
    progress : bool
        Show how far it is.
    **asked
        As `readings` takes it.
    """
    made = yield from make_export(format=format, **asked)
    path = yield from download(made.id, file, progress=progress)
    yield from delete_export(made.id)
    return path


def download(export: str, file: str | Path, *, progress: bool = False) -> Plan[Path]:
    """Fetch the file of an export, once it is written, and return where it is.

    Until it is whole it stands beside `file`, with the id of the export and ``.part`` behind its name. A broken
    connection is taken up again there, and so is a program that was stopped, by the same call.

    Parameters
    ----------
    export : str
        Its id.
    file : str or Path
        Replaced, if there is one.
    progress : bool
        Show how far it is.

    Raises
    ------
    ExportError
        If it could not be written, or the file is not whole.
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
    """Return an export when it is done."""
    pause, shown = _LOOK, 0
    with bar(progress, "written", "%", 100) as move:
        while True:
            made = yield from get(Export, at("exports", id_))
            percent = int(100 * made.progress)
            move(percent - shown)
            shown = percent
            if made.state == "failed":
                raise ExportError(f"export {id_} failed: {made.reason}")
            if made.state == "done":
                return made
            yield Pause(pause)
            pause = min(2 * pause, _LONGEST_LOOK)


def _fetch(made: Export, stream: BinaryIO, move: Callable[[int], object]) -> Plan[None]:
    """Append to a file what is missing of it, over as many connections as it takes."""
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
    """Append to a file what comes over one connection."""
    begin = stream.tell()
    headers = {"Range": f"bytes={begin}-", "Accept-Encoding": "identity"}
    response, chunks = yield from open_(Send(method="GET", path=at("exports", id_, "file"), headers=headers))
    if response.status_code != httpx.codes.PARTIAL_CONTENT:  # somebody between us knows no ranges: it is the whole
        stream.seek(0)
        stream.truncate()
        move(-begin)
    while piece := (yield Read(chunks)):
        stream.write(piece)
        move(len(piece))
