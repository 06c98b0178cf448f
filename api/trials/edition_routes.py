"""Routes of editions: opened with a frozen set, declared for, frozen and closed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response

from api.http.answers import respond
from api.http.auth import PrincipalDep, RightDep, authenticate
from api.http.bodies import body
from api.http.context import ContextDep
from api.http.params import NoParams
from api.http.problems import Problem
from api.http.responses import responses
from api.http.routing import FairRoute
from api.trials.routes import ChallengePath, known_challenge
from zenata.contract.editions import Declaration, Edition, NewDeclaration

router = APIRouter(prefix="/v1", tags=["trials"], dependencies=[Depends(authenticate)], route_class=FairRoute)

_COMMON = ("no-key", "wrong-role", "invalid-parameter")

EditionPath = Annotated[str, Path(description="An edition of pilots.", max_length=80)]


@router.get("/editions/{edition}", responses=responses(Edition, *_COMMON))
def edition(
    context: ContextDep, principal: PrincipalDep, right: RightDep, edition: EditionPath, _: NoParams
) -> Response:
    """Say how far an edition is, what its frozen set was committed to with, and which versions were declared for it."""
    whose = None if principal.role in right.others else principal.pilot
    return respond(context.trials.editions.edition(edition, whose))


@router.post(
    "/editions/{edition}/open", status_code=201, responses=responses(Edition, *_COMMON, "trial-conflict", status=201)
)
def open_edition(context: ContextDep, edition: EditionPath, _: NoParams) -> Response:
    """Open an edition: 20 hidden seeds are drawn for its close, and their SHA-256 is shown from now on."""
    return respond(context.trials.editions.open(edition), 201, {"Location": f"/v1/editions/{edition}"})


@router.put(
    "/editions/{edition}/declarations/{challenge}",
    responses=responses(Declaration, *_COMMON, "unknown-challenge", "trial-conflict"),
)
def declare(
    context: ContextDep,
    principal: PrincipalDep,
    edition: EditionPath,
    challenge: ChallengePath,
    new: Annotated[NewDeclaration, body(NewDeclaration)],
    _: NoParams,
) -> Response:
    """Declare which version of one's service runs the frozen set of a challenge when the edition is about to close.

    It can be declared anew until then.
    """
    known_challenge(context, challenge)
    own = context.register.pilot(principal.pilot).edition
    if own != edition:
        detail = f"Your edition is {own!r}: declare a version for that one."
        if not own:
            detail = f"You are in no edition: an administrator puts you into one (zenata pilot change {principal.pilot} --edition {edition})."
        raise Problem("trial-conflict", detail, code="conflict")
    return respond(context.trials.editions.declare(edition, challenge, principal.pilot, new))


@router.post("/editions/{edition}/freeze", responses=responses(Edition, *_COMMON, "trial-conflict"))
def freeze(context: ContextDep, principal: PrincipalDep, edition: EditionPath, _: NoParams) -> Response:
    """Begin the runs of the frozen set, a graded trial for each declared version, once; no other counts from now on.

    The operator plays them, with what has the declared digest, by keys of the `player` that each has; what they get is shown when
    the edition is closed.
    """
    return respond(context.trials.editions.freeze(edition, principal))


@router.post(
    "/editions/{edition}/close", status_code=204, responses=responses(None, *_COMMON, "trial-conflict", status=204)
)
def close(context: ContextDep, principal: PrincipalDep, edition: EditionPath, _: NoParams) -> Response:
    """Close an edition: leaderboards are final, no graded trial begins any more, and receipts show the seeds. There is no way back."""
    context.trials.editions.close(edition, principal)
    return Response(status_code=204)
