"""Routes of trials: challenges, trials and their steps and answers, leaderboards."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api.http.accept import choose
from api.http.answers import respond
from api.http.auth import PrincipalDep, RightDep, authenticate
from api.http.bodies import body, present
from api.http.context import Context, ContextDep
from api.http.formats import JSON
from api.http.pages import page_of, position_in
from api.http.params import NoParams, Params, TrialsParams
from api.http.problems import Problem, invalid, sentence
from api.http.responses import responses
from api.http.rights import Right
from api.http.routing import FairRoute, WaitingRoute
from api.trials.documents import challenge_document, comparison, leaderboard, receipt_of, report_of, trial_document
from api.worlds.orders import order_of
from zenata.city.sentences import Language
from zenata.contract.base import Page
from zenata.contract.challenges import Challenge, Comparison, Leaderboard
from zenata.contract.reports import TrialReport
from zenata.contract.trials import (
    AnswersTaken,
    NewAnswers,
    NewStep,
    NewTrial,
    Trial,
    TrialReceipt,
    TrialStep,
)
from zenata.control.keys import Principal
from zenata.control.trial_tables import TrialRow, position_of
from zenata.errors import TrialError
from zenata.trials.report import report_html

router = APIRouter(prefix="/v1", tags=["trials"], dependencies=[Depends(authenticate)], route_class=FairRoute)
waiting = APIRouter(prefix="/v1", tags=["trials"], dependencies=[Depends(authenticate)], route_class=WaitingRoute)

_COMMON = ("no-key", "wrong-role", "invalid-parameter")
_ONE = (*_COMMON, "unknown-trial")
_ANSWER = (*_ONE, "trial-conflict", "trial-limit", "answer-refused")
_PROBLEMS = {
    "unknown": "unknown-trial",
    "invalid": "answer-refused",
    "limit": "trial-limit",
    "away": "world-unavailable",
}

TrialPath = Annotated[str, Path(description="A trial's id, as /v1/trials lists them.", max_length=64)]
ChallengePath = Annotated[str, Path(description="A challenge, as /v1/challenges lists them.", max_length=64)]


HTML = "text/html"

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # it loads nothing; its style stands in it
)


def choose_report(name: str | None, accept: str | None) -> str:
    """Return ``json`` or ``html``, as a request asks for it by `format` or Accept (see `api.http.accept.choose`)."""
    advice = "For a PDF print the HTML: `zenata trial report --format pdf`, or any browser."
    return choose(name, accept, {"json": JSON, "html": HTML}, advice)


def page_response(text: str, name: str) -> Response:
    """Return the answer with a page, which a browser shows, and saves under a name."""
    headers = {"Content-Security-Policy": _POLICY, "Content-Disposition": f'inline; filename="{name}.html"'}
    return Response(text, headers=headers, media_type=HTML)


class OfEdition(Params):
    """Which edition is meant."""

    edition: str | None = Field(None, description="An edition of pilots; one's own if left out.", max_length=80)


class Reported(Params):
    """How a report is written."""

    format: str | None = Field(None, description="`html` or `json`; it wins over Accept.", max_length=16)
    lang: Language = Field("en", description="Language of HTML.")


class Compared(OfEdition):
    """Which two are compared."""

    a: str = Field(description="A name of the leaderboard.", max_length=64)
    b: str = Field(description="Another one.", max_length=64)


@router.get("/challenges", responses=responses(Page[Challenge], "no-key", "invalid-parameter"))
def challenges(context: ContextDep, _: NoParams) -> Response:
    """List the challenges: what a service reads, answers or commands in each."""
    known = context.trials.register.challenges.values()
    return respond(Page(items=[challenge_document(challenge) for challenge in known], next=None))


@router.get(
    "/challenges/{challenge}", responses=responses(Challenge, "no-key", "invalid-parameter", "unknown-challenge")
)
def challenge(context: ContextDep, challenge: ChallengePath, _: NoParams) -> Response:
    """Describe a challenge."""
    return respond(challenge_document(context.trials.register.challenges[known_challenge(context, challenge)]))


@router.post(
    "/trials", status_code=201, responses=responses(Trial, *_COMMON, "trial-limit", "trial-conflict", status=201)
)
def begin(
    context: ContextDep, principal: PrincipalDep, new: Annotated[NewTrial, body(NewTrial)], _: NoParams
) -> Response:
    """Begin a trial. It waits for its turn, and has a world of its own for each seed, one after the other.

    Nothing tells what is hidden in these worlds: they have readings and take commands, and no more.
    """
    register = context.trials.register
    row = register.begin(principal.pilot, new, context.register.pilot(principal.pilot).edition)
    return respond(trial_document(register, row), 201, {"Location": f"/v1/trials/{row.id}"})


@router.get("/trials", responses=responses(Page[Trial], *_COMMON))
def trials(
    context: ContextDep, principal: PrincipalDep, right: RightDep, params: Annotated[TrialsParams, Query()]
) -> Response:
    """List one's trials, newest first; for engineers and administrators all."""
    register, pilot = context.trials.register, None if principal.role in right.others else principal.pilot
    query = f"trials {pilot}"
    rows = register.newest(pilot, position_in(params, context.cursors, query), params.limit + 1)
    shown, following = page_of(rows, position_of, params, context.cursors, query)
    return respond(Page(items=[trial_document(register, row) for row in shown], next=following))


@router.get("/trials/{trial}", responses=responses(Trial, *_ONE))
def trial(context: ContextDep, principal: PrincipalDep, right: RightDep, trial: TrialPath, _: NoParams) -> Response:
    """Say how a trial is: its phase, its place in the queue, how far it is, and its scores."""
    return respond(trial_document(context.trials.register, _trial(context, principal, right, trial)))


@router.get("/trials/{trial}/receipt", responses=responses(TrialReceipt, *_ONE, "trial-conflict"))
def receipt(context: ContextDep, principal: PrincipalDep, right: RightDep, trial: TrialPath, _: NoParams) -> Response:
    """Download the signed receipt of a trial that is done: `zenata trial verify FILE` checks it, and computes it again.

    Of a graded trial it has the seeds once its edition is closed.
    """
    row = _done(context, principal, right, trial, "receipt")
    made = receipt_of(context.trials.register, row, context.city, context.trials.private)
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.json"'}
    return respond(made, headers=headers)


@router.get(
    "/trials/{trial}/report",
    responses=responses(TrialReport, *_ONE, "trial-conflict", "unsupported-format", content={HTML: {}}),
)
def report(
    request: Request,
    context: ContextDep,
    principal: PrincipalDep,
    right: RightDep,
    trial: TrialPath,
    params: Annotated[Reported, Query()],
) -> Response:
    """Return the report of a trial that is done: JSON, or, where Accept prefers it, HTML in one file that works offline and prints.

    What was hidden in the seeds of a graded trial is shown once its edition is closed.
    """
    chosen = choose_report(params.format, request.headers.get("accept"))
    row = _done(context, principal, right, trial, "report")
    made = report_of(context.trials.register, row, context.city)
    if chosen == "json":
        return respond(made)
    return page_response(report_html(made, params.lang), row.id)


@router.delete("/trials/{trial}", responses=responses(Trial, *_ONE))
def cancel(context: ContextDep, principal: PrincipalDep, right: RightDep, trial: TrialPath, _: NoParams) -> Response:
    """Cancel a trial. It stays on the list; a graded one counts among the attempts of its day."""
    row = _trial(context, principal, right, trial)
    context.trials.end(row, "cancelled", "it was cancelled")
    return respond(trial_document(context.trials.register, context.trials.register.trial(row.id)))


@waiting.post(
    "/trials/{trial}/step",
    responses=responses(TrialStep, *_ANSWER, "unknown-sensor", "world-unavailable", "world-conflict"),
)
def step(
    request: Request,
    context: ContextDep,
    principal: PrincipalDep,
    trial: TrialPath,
    new: Annotated[NewStep, body(NewStep)],
    _: NoParams,
) -> Response:
    """Take the answers to the step before, and make the next one: the only way on in lock-step.

    The request behind the last step closes the seed; the next one waits for the world of the next seed. With `step` and
    `seed` a request may be repeated when its answer was lost.
    """
    orders = [order_of(context, principal, present(command)) for command in new.commands]
    if orders:  # for the audit log
        request.state.detail = {"commands": [{"sensor": order["sensor"], "set": order["set"]} for order in orders]}
    return respond(context.trials.step(trial, principal.pilot, new, orders))


@waiting.post("/trials/{trial}/answers", responses=responses(AnswersTaken, *_ANSWER, "world-unavailable"))
def answers(
    context: ContextDep,
    principal: PrincipalDep,
    trial: TrialPath,
    new: Annotated[NewAnswers, body(NewAnswers)],
    _: NoParams,
) -> Response:
    """Take answers to the step that was made last, all or none. They count at the time of the world now."""
    row, step, taken, repeated = context.trials.register.answer(trial, principal.pilot, new)
    return respond({"trial": row.id, "seed": row.current + 1, "step": step, "taken": taken, "repeated": repeated})


@router.get("/leaderboards/{challenge}", responses=responses(Leaderboard, *_COMMON, "unknown-challenge"))
def board(
    context: ContextDep, principal: PrincipalDep, challenge: ChallengePath, params: Annotated[OfEdition, Query()]
) -> Response:
    """Return the leaderboard of a challenge: pilots that show a name, by the mean of their last three graded trials.

    Those of one rank do not differ by more than chance (paired sign-flip test, Holm's correction).
    """
    edition = _edition(context, principal, params)
    rows = context.trials.register.ranked(known_challenge(context, challenge), edition)
    return respond(leaderboard(challenge, edition, rows))


@router.get("/leaderboards/{challenge}/compare", responses=responses(Comparison, *_COMMON, "unknown-challenge"))
def compare(
    context: ContextDep, principal: PrincipalDep, challenge: ChallengePath, params: Annotated[Compared, Query()]
) -> Response:
    """Compare two of a leaderboard over their seeds."""
    edition = _edition(context, principal, params)
    rows = context.trials.register.ranked(known_challenge(context, challenge), edition)
    names = [standing.name for standing in leaderboard(challenge, edition, rows).items]
    for parameter, name in (("a", params.a), ("b", params.b)):
        if name not in names:
            others = f"there are {', '.join(names)}" if names else "nobody is on it yet"
            raise invalid(parameter, f"nobody of that name is on this leaderboard: {name!r}; {others}", allowed=names)
    return respond(comparison(challenge, edition, rows, params.a, params.b))


def _done(context: Context, principal: Principal, right: Right, trial: str, what: str) -> TrialRow:
    """Return a trial that is done, and so has a receipt or a report."""
    row = _trial(context, principal, right, trial)
    if row.part_of:
        detail = f"This is a part of the trial {row.part_of}, which has the {what}."
        raise Problem("trial-conflict", detail, code="conflict")
    if row.phase != "done":
        detail = f"The trial is {row.phase}, and only one that is done has a {what}."
        raise Problem("trial-conflict", detail, code="early")
    if row.version and not context.trials.register.shows_seeds(row):
        detail = f"This is the run of a frozen set: its {what} is there when the edition {row.edition!r} is closed."
        raise Problem("trial-conflict", detail, code="early")
    return row


def _trial(context: Context, principal: Principal, right: Right, trial: str) -> TrialRow:
    return context.trials.register.trial(trial, None if principal.role in right.others else principal.pilot)


def known_challenge(context: Context, challenge: str) -> str:
    """Return the name of a challenge, if there is one of that name."""
    known = context.trials.register.challenges
    if challenge not in known:
        raise Problem(
            "unknown-challenge", f"There is no challenge {challenge!r}. Use one of 'allowed'.", allowed=list(known)
        )
    return challenge


def _edition(context: Context, principal: Principal, params: OfEdition) -> str:
    return context.register.pilot(principal.pilot).edition if params.edition is None else params.edition


def problem_of(error: TrialError) -> Problem:
    """Return the problem that a refusal of the register is answered with."""
    if error.reason in ("challenge", "variant"):
        return invalid(error.reason, str(error))
    name = _PROBLEMS.get(error.reason)
    if name is None:
        return Problem("trial-conflict", sentence(str(error)), code=error.reason)
    return Problem(name, sentence(str(error)))
