"""What those who run the sandbox see of its pilots."""

import csv
import io
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from msgspec import to_builtins
from msgspec.structs import asdict

from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.context import ContextDep
from api.http.formats import FORMATS, JSON
from api.http.params import AuditParams, NoParams, PilotPath
from api.http.problems import Problem
from api.http.responses import responses
from api.http.rights import WATCHERS
from api.http.routing import FairRoute
from api.pilots.console_routes import alert_document
from api.pilots.monitoring import activity, connected, own_findings
from api.pilots.routes import find
from zenata.contract.activity import Activity, AuditEntry, OwnActivity
from zenata.contract.base import Page

router = APIRouter(prefix="/v1", tags=["pilots"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "wrong-role", "invalid-parameter")
_CSV = {FORMATS["csv"].media_type: {"schema": {"type": "string"}}}


@router.get("/pilots/{pilot}/activity", responses=responses(Activity, *_COMMON, "unknown-pilot", "store-unavailable"))
def pilot_activity(context: ContextDep, principal: PrincipalDep, pilot: PilotPath, _: NoParams) -> Response:
    """Say what a pilot asks and sends, what fails, what is silent, and how much of its quotas it has used up."""
    found = find(context, principal, pilot)
    return respond(activity(context, found, connected(context)))


@router.get("/me/activity", responses=responses(OwnActivity, *_COMMON, "store-unavailable"))
def own_activity(context: ContextDep, principal: PrincipalDep, _: NoParams) -> Response:
    """Say what the pilot of the key asks and sends, what fails, and what it should look at itself. An answer is up to a second old."""

    def make() -> bytes:
        found = context.register.pilot(principal.pilot)
        seen = activity(context, found, connected(context))
        raised = context.alerts.take(own_findings(context, found), pilot=found.name)
        return msgspec.json.encode(OwnActivity(**asdict(seen), alerts=[alert_document(one) for one in raised]))

    return Response(context.own_activity.answer(principal.pilot, make), media_type=JSON)


@router.get("/audit", responses=responses(Page[AuditEntry], *_COMMON, content=_CSV))
def audit(context: ContextDep, principal: PrincipalDep, params: Annotated[AuditParams, Query()]) -> Response:
    """List who did what, newest first, also as CSV; pilots see what they did themselves.

    Refused requests are there too; requests that change nothing, and telemetry, are not.
    """
    who = params.who
    if principal.role not in WATCHERS:
        if who not in {None, principal.pilot}:
            raise Problem("wrong-role", "A pilot sees what it did itself: leave out who.", allowed=list(WATCHERS))
        who = principal.pilot
    query = f"audit {who}"
    (before,) = (None,) if params.cursor is None else context.cursors.decode(params.cursor, query, 1)
    entries = context.audit.entries(who=who, before=before, limit=params.limit + 1)
    shown = entries[: params.limit]
    items = [document(AuditEntry, entry) for entry in shown]
    following = context.cursors.encode((shown[-1].id,), query) if len(entries) > len(shown) else None
    if params.format == "csv":
        who_again = f"&who={params.who}" if params.who else ""
        link = {"Link": f'</v1/audit?cursor={following}&format=csv{who_again}>; rel="next"'} if following else {}
        return Response(_csv(items), headers=link, media_type=FORMATS["csv"].media_type)
    return respond(Page(items=items, next=following))


def _csv(entries: list[AuditEntry]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, AuditEntry.__struct_fields__, lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow(to_builtins(entry) | {"detail": msgspec.json.encode(entry.detail).decode()})
    return text.getvalue()
