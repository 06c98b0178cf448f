"""Frequent requests: answers the most common ones by the functions of their routes, without solving dependencies.

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

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.http.auth import admit, identify, key_of
from api.http.bodies import Reader
from api.http.context import Context
from api.http.params import FrameAtParams, LatestParams, Params, ReadingsParams, WorldParams
from api.http.rights import check_role, right_of
from api.http.routing import FairRoute

_MAX_QUERY = 2_000  # bytes of a query string that is remembered
_REMEMBERED = 1_000  # query strings
_MAX_NAME = 64  # characters of a parameter in the path: routes take no more, or answer with 404
_FEW = 20  # sensors whose latest readings are found on the event loop. A default
_KEY = "zenata.frequent"
_METHODS = {"GET", "POST"}


@dataclass(frozen=True, slots=True)
class Frequent:
    """A route that is often requested.

    Parameters
    ----------
    params : type of Params
        Its query parameters.
    method : str
    in_memory : callable
        Whether the answer is small and in memory: it is then made on the event loop.
    """

    params: type[Params]
    method: str = "GET"
    in_memory: Callable[[Context, Mapping[str, str], Any], bool] = lambda *_: False


def _names_few(context: Context, _: Mapping[str, str], params: LatestParams) -> bool:
    known = all(name in context.sensors for name in params.sensor)  # names like one that is unknown take long to find
    return known and 0 < len(params.sensor) <= _FEW and not params.world


def _names_one(context: Context, path: Mapping[str, str], params: WorldParams) -> bool:
    return path["sensor"] in context.sensors and params.world is None


FREQUENT: Mapping[str, Frequent] = {
    "/v1/latest": Frequent(LatestParams, in_memory=_names_few),
    "/v1/sensors/{sensor}": Frequent(WorldParams, in_memory=_names_one),
    "/v1/readings": Frequent(ReadingsParams),
    "/v1/frame": Frequent(FrameAtParams),
    "/v1/worlds/{world}/advance": Frequent(Params, "POST"),
    "/v1/trials/{trial}/step": Frequent(Params, "POST"),
}
"""The frequent routes by path, of which the last part or that before it may be a parameter in braces."""


class FrequentReads(BaseRoute):
    """The list of frequent routes as one route, to stand before the others.

    Parameters
    ----------
    routes : iterable of BaseRoute
        The ordinary routes, those of `FREQUENT` among them.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._answerers: dict[tuple[str, str, str | None], tuple[str, _Answerer]] = {}
        for route in routes:
            if not (isinstance(route, FairRoute) and route.path in FREQUENT):
                continue
            frequent = FREQUENT[route.path]
            if frequent.method in (route.methods or ()):
                before, brace, rest = route.path.partition("{")
                name, _, after = rest.partition("}")
                key = frequent.method, before, after if brace else None
                self._answerers[key] = name, _Answerer(frequent, route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for one of the routes, and usual."""
        if scope["type"] != "http" or scope["method"] not in _METHODS or scope.get("root_path"):
            return Match.NONE, {}
        found = self._find(scope["method"], scope["path"])
        if found is None:
            return Match.NONE, {}
        answerer, named = found
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

    def _find(self, method: str, path: str) -> "tuple[_Answerer, dict[str, str]] | None":
        """Return who answers requests for a path, and the parameter in it."""
        before, _, last = path.rpartition("/")
        outer, _, middle = before.rpartition("/")
        for start, value, end in ((path, "", None), (f"{before}/", last, ""), (f"{outer}/", middle, f"/{last}")):
            if (
                (value or end is None)
                and len(value) <= _MAX_NAME
                and (found := self._answerers.get((method, start, end)))
            ):
                name, answerer = found
                return answerer, {name: value} if name else {}
        return None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that matches."""
        answerer, params = scope.pop(_KEY)
        response = await answerer.answer(Request(scope, receive), params)
        await response(scope, receive, send)


class _Answerer:
    """Answers requests for one route."""

    def __init__(self, frequent: Frequent, route: FairRoute) -> None:
        self.frequent, self.route = frequent, route
        self._is_async = inspect.iscoroutinefunction(route.endpoint)
        self._takes = inspect.signature(route.endpoint).parameters
        needs = route.dependant.dependencies
        self._bodies = [(str(one.name), one.call) for one in needs if isinstance(one.call, Reader)]

    async def answer(self, request: Request, params: Params) -> Response:
        """Return the answer to a request with valid parameters, as `FairRoute` and FastAPI would."""
        context: Context = request.app.state.context
        if self._is_async:
            response: Response = await self._admitted(context, request, params)()
            return response
        if self.frequent.in_memory(context, request.path_params, params):
            return self._admitted(context, request, params)()  # type: ignore[no-any-return]  # of a route
        if self._bodies:
            await request.body()  # before the slot: a slow client must not hold one
        owner = identify(context, request, key_of(request)).pilot
        async with self.route.pool(context, owner):
            call = self._admitted(context, request, params)
            bodies = {name: await read(request) for name, read in self._bodies}
            return await run_in_threadpool(call, **bodies)

    def _admitted(self, context: Context, request: Request, params: Params) -> Callable[..., Any]:
        """Return the function of the route with its arguments, once a request is authenticated and counted."""
        principal = admit(context, request, key_of(request))
        check_role(principal, request)
        arguments = {"context": context, "principal": principal, "params": params, "_": params, "request": request}
        arguments = {name: value for name, value in arguments.items() if name in self._takes} | request.path_params
        if "right" in self._takes:
            arguments["right"] = right_of(request)
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
