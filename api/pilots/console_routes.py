"""Routes of those who run the sandbox: all pilots in one answer, and alerts."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from msgspec.structs import asdict

from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.context import Context, ContextDep
from api.http.pages import Position, page_of
from api.http.params import AlertsParams, NoParams, PilotsParams
from api.http.problems import KINDS, Problem, invalid
from api.http.responses import responses
from api.http.routing import FairRoute
from api.pilots.activity import HOUR
from api.pilots.alerts import Alert, of_pilots
from api.pilots.monitoring import activity, connected, findings
from api.readings.selection import check_names
from zenata.city.clock import WallClock, parse_moment, time_of
from zenata.city.sentences import recognise, translations
from zenata.contract.activity import Acknowledgement, HourActivity, PilotActivity
from zenata.contract.activity import Alert as AlertDocument
from zenata.contract.base import Page, Titles
from zenata.control.pilot import Pilot

router = APIRouter(prefix="/v1", tags=["pilots"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "wrong-role", "invalid-parameter", "store-unavailable")
_RANGE = 24 * HOUR  # before `end` [us]


@router.get("/activity", responses=responses(Page[PilotActivity], *_COMMON))
def all_activity(context: ContextDep, params: Annotated[PilotsParams, Query()]) -> Response:
    """Say of every pilot what it asks and sends, what fails, its alerts, and its requests by hour, also before a restart.

    Without `start` the hours are those of the last day; `requests` are those since the API started.
    """
    start, end = _range(params)
    pilots, there = _pilots(context, params), connected(context)
    context.history.store()
    hours = context.history.between([pilot.name for pilot in pilots], start // HOUR * HOUR, end)
    alerts = context.alerts.take(findings(context))
    items = [
        PilotActivity(
            **asdict(activity(context, pilot, there)),
            role=pilot.role,
            theme=pilot.theme,
            edition=pilot.edition,
            alerts=[alert_document(one) for one in of_pilots(alerts, [pilot.name])],
            seen=time_of(hours[pilot.name][-1][1].last) if hours[pilot.name] else None,
            hours=[document(HourActivity, hour, start=begin) for begin, hour in hours[pilot.name]],
        )
        for pilot in pilots
    ]
    return respond(Page(items=items, next=None))


@router.get("/alerts", responses=responses(Page[AlertDocument], *_COMMON))
def all_alerts(context: ContextDep, params: Annotated[AlertsParams, Query()]) -> Response:
    """List what somebody should look at, newest first: silent devices, dead letters, failures, quotas, messages that are not stored, clients the broker refused, a full broker.

    With `start`, those too that were open since then and are cleared now.
    """
    found = context.alerts.take(findings(context))
    if params.start is not None or params.end is not None:
        found = context.alerts.between(*_range(params))
    filtered = bool(params.pilot or params.theme or params.edition)
    names = {pilot.name for pilot in _pilots(context, params)} if filtered else None
    items = [one for one in of_pilots(found, names) if not params.severity or one.severity in params.severity]
    query = params.model_dump_json(exclude={"cursor", "limit"})
    shown, following = page_of(sorted(items, key=_position_of), _position_of, params, context.cursors, query)
    return respond(Page(items=[alert_document(one) for one in shown], next=following))


@router.post("/alerts/{alert}/acknowledge", responses=responses(AlertDocument, *_COMMON, "unknown-alert"))
def acknowledge(
    context: ContextDep,
    principal: PrincipalDep,
    alert: Annotated[str, Path(description="Id of an alert.", max_length=64)],
    _: NoParams,
) -> Response:
    """Note that somebody has seen an alert; the first who did stays. The alert ends when its cause does."""
    found = context.alerts.acknowledge(alert, by=principal.pilot)
    if found is None:
        raise Problem("unknown-alert", f"There is no alert {alert[:64]!r}. {KINDS['unknown-alert'].help}")
    return respond(alert_document(found))


def alert_document(alert: Alert) -> AlertDocument:
    """Return an alert as the API answers it."""
    seen = None
    if alert.acknowledged is not None:
        seen = Acknowledgement(time=time_of(alert.acknowledged), by=alert.acknowledged_by or "")
    code, parameters = recognise(alert.detail) or (None, {})
    return document(
        AlertDocument,
        alert,
        code=code,
        parameters=dict(parameters),
        details=Titles(**translations(alert.detail)),
        time=alert.raised,
        acknowledged=seen,
    )


def _position_of(alert: Alert) -> Position:
    return -alert.raised, int(alert.id[:15], 16)  # newest first


def _pilots(context: Context, params: PilotsParams) -> list[Pilot]:
    """Return the pilots that are meant."""
    known = context.register.pilots()
    check_names("pilot", params.pilot, [pilot.name for pilot in known])
    return [
        pilot
        for pilot in known
        if _fits(pilot.name, params.pilot) and _fits(pilot.theme, params.theme) and _fits(pilot.edition, params.edition)
    ]


def _fits(value: str, wanted: Collection[str]) -> bool:
    return not wanted or value in wanted


def _range(params: PilotsParams) -> tuple[int, int]:
    """Return the range that is meant [us], by the wall's clock; up to now, and a day long, if it is left out."""
    now = WallClock().now()
    try:
        end = now + 1 if params.end is None else parse_moment(params.end, now)
        start = end - _RANGE if params.start is None else parse_moment(params.start, now)
    except ValueError as error:
        raise invalid("start" if params.end is None else "end", str(error)) from None
    if start >= end:
        raise invalid("start", "must be before end")
    return start, end
