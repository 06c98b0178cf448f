"""Route for the machines that run worlds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.http.answers import respond
from api.http.auth import authenticate
from api.http.context import ContextDep
from api.http.params import Params
from api.http.responses import responses
from api.http.routing import WaitingRoute
from zenata.contract.base import Page
from zenata.contract.hosts import Host

router = APIRouter(prefix="/v1", tags=["worlds"], dependencies=[Depends(authenticate)], route_class=WaitingRoute)


@router.get("/hosts", responses=responses(Page[Host], "no-key", "wrong-role", "invalid-parameter", "world-unavailable"))
def hosts(context: ContextDep, _: Annotated[Params, Query()]) -> Response:
    """List the machines that run worlds: since when, how busy, with which worlds, and when each last reported itself."""
    return respond(Page(items=context.worlds.hosts(), next=None))
