"""Routes of scorecards: whether a pilot may go to the street, and exceptions to its checks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api.http.answers import respond
from api.http.auth import PrincipalDep, authenticate
from api.http.bodies import body
from api.http.context import Context, ContextDep
from api.http.params import Params, PilotPath
from api.http.problems import invalid
from api.http.responses import responses
from api.http.routing import FairRoute
from api.pilots.routes import find
from api.trials.routes import HTML, Reported, choose_report, known_challenge, page_response
from api.trials.scorecard import WAIVED, WITHDRAWN, scorecard_html, scorecard_of
from zenata.city.clock import WallClock
from zenata.contract.scorecards import NewException, Scorecard
from zenata.control.audit import audit_entry
from zenata.control.keys import Principal

router = APIRouter(prefix="/v1", tags=["pilots"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "wrong-role", "invalid-parameter", "unknown-pilot")

CheckPath = Annotated[str, Path(description="A check of the scorecard, such as `freshness`.", max_length=80)]


class OfChallenges(Params):
    """What the scorecard asks for."""

    challenges: str | None = Field(
        None,
        max_length=500,
        description="Challenges with commas between them, in which the pilot has to be above the reference; "
        "those of its graded trials if left out.",
    )


class ScorecardParams(Reported, OfChallenges):
    """What the scorecard asks for, and how it is written."""


@router.get(
    "/pilots/{pilot}/scorecard", responses=responses(Scorecard, *_COMMON, "unsupported-format", content={HTML: {}})
)
def scorecard(
    request: Request,
    context: ContextDep,
    principal: PrincipalDep,
    pilot: PilotPath,
    params: Annotated[ScorecardParams, Query()],
) -> Response:
    """Return the scorecard of a pilot: each check with its verdict and what says so. JSON, or HTML that prints where Accept prefers it."""
    chosen = choose_report(params.format, request.headers.get("accept"))
    card = scorecard_of(context, find(context, principal, pilot), _challenges(context, params.challenges))
    if chosen == "json":
        return respond(card)
    return page_response(scorecard_html(card, params.lang), card.pilot)


@router.put("/pilots/{pilot}/scorecard/exceptions/{check}", responses=responses(Scorecard, *_COMMON))
def waive(
    context: ContextDep,
    principal: PrincipalDep,
    pilot: PilotPath,
    check: CheckPath,
    new: Annotated[NewException, body(NewException)],
    params: Annotated[OfChallenges, Query()],
) -> Response:
    """Make an exception to a check, with the name of who answers for it and a reason: both stand in the audit log for good."""
    detail = {"name": new.name, "reason": new.reason}
    return respond(_record(context, principal, pilot, check, WAIVED, detail, params))


@router.delete("/pilots/{pilot}/scorecard/exceptions/{check}", responses=responses(Scorecard, *_COMMON))
def withdraw(
    context: ContextDep,
    principal: PrincipalDep,
    pilot: PilotPath,
    check: CheckPath,
    params: Annotated[OfChallenges, Query()],
) -> Response:
    """Withdraw an exception; the audit log keeps both."""
    return respond(_record(context, principal, pilot, check, WITHDRAWN, {}, params))


def _record(
    context: Context,
    principal: Principal,
    name: str,
    check: str,
    what: str,
    detail: dict[str, str],
    params: OfChallenges,
) -> Scorecard:
    pilot, challenges = find(context, principal, name), _challenges(context, params.challenges)
    checks = [one.check for one in scorecard_of(context, pilot, challenges).checks]
    if check not in checks:
        raise invalid("check", f"the scorecard of {pilot.name} has no check {check!r}", allowed=checks)
    entry = audit_entry(
        principal, time=WallClock().now(), what=what, target=pilot.name, detail={"check": check, **detail}
    )
    context.audit.record(entry)
    return scorecard_of(context, pilot, challenges)


def _challenges(context: Context, text: str | None) -> list[str]:
    chosen = dict.fromkeys(word.strip() for word in (text or "").split(",") if word.strip())
    return [known_challenge(context, name) for name in chosen]
