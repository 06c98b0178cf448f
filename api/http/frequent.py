"""Frequent requests: answers the GETs that are asked most by the functions of their routes, without solving dependencies.

Of a small answer FastAPI takes ten times what its function takes: it compares the path with every route, builds the
parameters field by field, and hands the function to a thread. Here a dictionary finds the route, a query string that came
before has its parameters already, and what is in memory is answered at once.

The same functions authenticate, count and answer as in the ordinary way, and in the same order. What is unusual, as
parameters that are not valid, is no match: the ordinary route, later in the list, then answers it.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, get_origin

from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.http.auth import admit, identify, key_of
from api.http.context import Context
from api.http.params import FrameAtParams, LatestParams, Params, ReadingsParams, WorldParams
from api.http.rights import check_role

_MAX_QUERY = 2_000  # bytes of a query string that is remembered
_REMEMBERED = 1_000  # query strings
_FEW = 20  # sensors whose latest readings are found on the event loop. A default
_KEY = "zenata.frequent"


@dataclass(frozen=True, slots=True)
class Frequent:
    """A route that is often asked.

    Parameters
    ----------
    params : type of Params
        Its query parameters.
    in_memory : callable
        Whether the answer is small and in memory: it is then made on the event loop.
    """

    params: type[Params]
    in_memory: Callable[[Context, Mapping[str, str], Any], bool] = lambda *_: False


def _names_few(context: Context, _: Mapping[str, str], params: LatestParams) -> bool:
    known = all(name in context.sensors for name in params.sensor)  # names like one that is unknown take long to find
    return known and 0 < len(params.sensor) <= _FEW and not params.world


def _names_one(context: Context, path: Mapping[str, str], params: WorldParams) -> bool:
    return path["sensor"] in context.sensors and params.world is None


FREQUENT: Mapping[str, Frequent] = {
    "/v1/latest": Frequent(LatestParams, _names_few),
    "/v1/sensors/{sensor}": Frequent(WorldParams, _names_one),
    "/v1/readings": Frequent(ReadingsParams),
    "/v1/frame": Frequent(FrameAtParams),
}
"""The frequent routes by path, of which one parameter at the end may be in braces."""


class FrequentReads(BaseRoute):
    """The list of frequent routes as one route, to stand before the others.

    Parameters
    ----------
    routes : iterable of BaseRoute
        The ordinary routes, those of `FREQUENT` among them.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._exact: dict[str, _Answerer] = {}
        self._under: dict[str, tuple[str, _Answerer]] = {}  # by the path before its last part: name of the parameter
        for route in routes:
            if isinstance(route, APIRoute) and route.path in FREQUENT and "GET" in (route.methods or ()):
                before, _, last = route.path.rpartition("/")
                answerer = _Answerer(FREQUENT[route.path], route)
                if last.startswith("{"):
                    self._under[before] = last.strip("{}"), answerer
                else:
                    self._exact[route.path] = answerer

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for one of the routes, and usual."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope.get("root_path"):
            return Match.NONE, {}
        path: str = scope["path"]
        named: dict[str, str] = {}
        answerer = self._exact.get(path)
        if answerer is None:
            before, _, last = path.rpartition("/")
            if not last or before not in self._under:
                return Match.NONE, {}
            name, answerer = self._under[before]
            named[name] = last
        query: bytes = scope["query_string"]
        params = _params(answerer.frequent.params, query) if len(query) <= _MAX_QUERY else None
        if params is None:
            return Match.NONE, {}
        route = answerer.route
        return Match.FULL, {
            "route": route,
            "endpoint": route.endpoint,
            "path_params": named,
            _KEY: (answerer, params),
        }

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that matches."""
        answerer, params = scope.pop(_KEY)
        response = await answerer.answer(Request(scope, receive), params)
        await response(scope, receive, send)


class _Answerer:
    """Answers requests for one route."""

    def __init__(self, frequent: Frequent, route: APIRoute) -> None:
        self.frequent, self.route = frequent, route
        self._is_async = inspect.iscoroutinefunction(route.endpoint)
        self._takes_request = "request" in inspect.signature(route.endpoint).parameters

    async def answer(self, request: Request, params: Params) -> Response:
        """Return the answer to a request with valid parameters, as `FairRoute` and FastAPI would."""
        context: Context = request.app.state.context
        if self._is_async:
            response: Response = await self._admitted(context, request, params)()
            return response
        if self.frequent.in_memory(context, request.path_params, params):
            return self._admitted(context, request, params)()  # type: ignore[no-any-return]  # of a route
        owner = identify(context, request, key_of(request)).pilot
        async with context.queries.place(owner):
            return await run_in_threadpool(self._admitted(context, request, params))

    def _admitted(self, context: Context, request: Request, params: Params) -> Callable[[], Any]:
        """Return the function of the route with its arguments, once a request is authenticated and counted."""
        principal = admit(context, request, key_of(request))
        check_role(principal, request)
        arguments = {"context": context, "principal": principal, "params": params, **request.path_params}
        if self._takes_request:
            arguments["request"] = request
        return partial(self.route.endpoint, **arguments)


@lru_cache(_REMEMBERED)
def _params(type_: type[Params], query: bytes) -> Params | None:
    """Return the parameters in a query string, as FastAPI reads them; None if they are not valid."""
    texts = QueryParams(query)
    lists = _lists(type_)
    try:
        return type_.model_validate({name: texts.getlist(name) if name in lists else texts[name] for name in texts})
    except ValidationError:
        return None


@lru_cache
def _lists(type_: type[Params]) -> frozenset[str]:
    """Return the names of the parameters that are lists."""
    return frozenset(name for name, field in type_.model_fields.items() if get_origin(field.annotation) is tuple)
