"""Big queries, written in the background and fetched as files."""

import logging
from typing import Annotated

import httpcore
from fastapi import APIRouter, Depends, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response, StreamingResponse
from msgspec import structs
from pydantic import ValidationError

from api.exports.export import Export
from api.exports.jobs import MAX_EXPORTS, RETENTION
from api.exports.shared import RemoteFile
from api.http.answers import document, respond
from api.http.auth import PrincipalDep, RightDep, authenticate
from api.http.bodies import body
from api.http.context import Context, ContextDep
from api.http.formats import FORMATS, JSON
from api.http.params import NoParams, ReadingsParams
from api.http.problems import KINDS, Problem
from api.http.responses import responses
from api.http.rights import WATCHERS
from api.http.routing import FairRoute
from api.readings.query import to_page
from zenata.city.clock import SECOND, WallClock, as_text, time_of
from zenata.contract.base import Page
from zenata.contract.exports import Export as ExportDocument
from zenata.contract.exports import NewExport
from zenata.control.keys import Principal
from zenata.errors import SetupError

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/exports", tags=["exports"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "invalid-parameter")
_FILE = {
    format_.media_type: {"schema": {"type": "string", "format": "binary"}}
    for format_ in FORMATS.values()
    if format_.media_type != JSON
}

ExportId = Annotated[str, Path(description="Id of an export, as its creation returned.", max_length=64)]


@router.post(
    "",
    status_code=202,
    responses=responses(
        ExportDocument,
        *_COMMON,
        "unknown-world",
        "unknown-sensor",
        "export-limit",
        "over-quota",
        "store-unavailable",
        status=202,
    ),
)
def make(
    context: ContextDep, principal: PrincipalDep, new: Annotated[NewExport, body(NewExport)], _: NoParams
) -> Response:
    """Begin to write what a query means into a file.

    The members are the parameters of `/v1/readings`, without its limits on rows. Ask `/v1/exports/{export}` how far it is.
    """
    format_ = FORMATS[new.format]
    try:
        params = ReadingsParams.model_validate(
            {
                name: as_text(value) if isinstance(value, int | float) else value
                for name, value in structs.asdict(new).items()
                if name != "format" and value not in (None, ())
            }
        )
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None
    query = to_page(context, principal, params, format_).query
    try:
        export = context.exports.make(principal.pilot, query, format_.name, _room(context, principal))
    except SetupError as error:
        log.error("%s", error)
        detail = "The export cannot be written now: the sandbox has no room for it. Nothing was kept; try again later."
        raise Problem("store-unavailable", detail) from error
    if export is None:
        raise Problem("export-limit", f"You have {MAX_EXPORTS} exports. {KINDS['export-limit'].help}")
    return respond(_document(export), 202)


@router.get("", responses=responses(Page[ExportDocument], *_COMMON))
def list_(context: ContextDep, principal: PrincipalDep, _: NoParams) -> Response:
    """List one's exports, newest first; those of everybody for whom may watch."""
    exports = context.exports.of(None if principal.role in WATCHERS else principal.pilot)
    return respond(Page(items=[_document(export) for export in exports], next=None))


@router.get("/{export}", responses=responses(ExportDocument, *_COMMON, "unknown-export"))
def show(context: ContextDep, principal: PrincipalDep, export: ExportId, _: NoParams) -> Response:
    """Say how far an export is."""
    return respond(_document(_find(context, principal, export)))


@router.get(
    "/{export}/file",
    response_class=FileResponse,
    responses=responses(None, *_COMMON, "unknown-export", "export-not-done", "store-unavailable", content=_FILE),
)
def file(context: ContextDep, principal: PrincipalDep, request: Request, export: ExportId, _: NoParams) -> Response:
    """Fetch the file of an export that is done; ranges of bytes too, so that a broken download goes on (RFC 9110, 14)."""
    found = _find(context, principal, export)
    if found.state != "done":
        raise Problem("export-not-done", f"It is {found.state}: {found.reason or KINDS['export-not-done'].help}")
    if (server := context.exports.server_of(found.id)) is not None:
        return _remote(context, request, server)
    path = context.exports.file(found)
    return FileResponse(path, media_type=FORMATS[found.format].media_type, filename=path.name)


@router.delete("/{export}", status_code=204, responses=responses(None, *_COMMON, "unknown-export", status=204))
def delete(context: ContextDep, principal: PrincipalDep, right: RightDep, export: ExportId, _: NoParams) -> Response:
    """Delete an export and its file; one under way stops. Of others only administrators may."""
    found = _find(context, principal, export)
    if found.pilot != principal.pilot and principal.role not in right.others:
        raise Problem(
            "wrong-role", f"It belongs to {found.pilot}: ask them, or an administrator.", allowed=sorted(right.others)
        )
    context.exports.delete(found.id)
    return Response(status_code=204)


def _remote(context: Context, request: Request, server: str) -> Response:
    """Return the file of an export that another server has."""
    away = Problem(
        "store-unavailable", "The server that has this file is away: try again later, or make the export again."
    )
    url = context.peers.url_of(server) if context.peers else None
    if url is None:
        raise away
    try:
        remote = RemoteFile(url + request.url.path, request.headers)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        log.error("the server at %s does not answer: %s", url, type(error).__name__)
        raise away from error
    return StreamingResponse(remote.parts(), remote.status, remote.headers)


def _room(context: Context, principal: Principal) -> int:
    """Return what the exports of a pilot may come to [bytes], unless they do already."""
    storage = context.register.quotas(principal.pilot).storage
    if context.exports.size(principal.pilot) < storage:
        return storage
    done = [export.finished for export in context.exports.of(principal.pilot) if export.finished is not None]
    wait = max((min(done, default=0) + RETENTION - WallClock().now()) // SECOND, 1)
    detail = f"Your exports come to {storage:,} bytes (quota storage). Delete one; the oldest goes in {wait} s."
    raise Problem("over-quota", detail, {"Retry-After": str(wait)}, quota="storage")


def _find(context: Context, principal: Principal, id_: str) -> Export:
    """Return an export; another's is as if it were not there."""
    export = context.exports.find(id_)
    if export is None or (export.pilot != principal.pilot and principal.role not in WATCHERS):
        raise Problem("unknown-export", f"There is no export {id_!r}. {KINDS['unknown-export'].help}")
    return export


def _document(export: Export) -> ExportDocument:
    query = export.query
    return document(
        ExportDocument,
        export,
        progress=round(export.progress, 4),
        worlds=query.worlds,
        start=time_of(query.start),
        end=time_of(query.end),
        expires=None if export.finished is None else time_of(export.finished + RETENTION),
        file=f"/v1/exports/{export.id}/file" if export.state == "done" else None,
    )
