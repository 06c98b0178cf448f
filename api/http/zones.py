"""Header `Zenata-Assumed-Zone`: says that a time without an offset was taken as UTC, of whatever route."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zenata.city.clock import lacks_zone

_TIMES = {"start", "end", "until", "at", "expires"}  # members and parameters that `parse_moment` reads
_IN_QUERY = re.compile(rb"(?:^|&)(?:start|end|at)=")
_ASSUMED = "assumed_utc"


class AssumedZone:
    """Adds the header to answers of requests that succeeded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})  # inner parts may copy the scope
        query: bytes = scope["query_string"]
        if _IN_QUERY.search(query):
            note_times(scope, dict(parse_qsl(query.decode(errors="replace"))))

        async def send_noted(message: Message) -> None:
            is_start = message["type"] == "http.response.start"
            if is_start and message["status"] < 300 and scope.get("state", {}).get(_ASSUMED):
                MutableHeaders(scope=message)["Zenata-Assumed-Zone"] = "UTC"
            await send(message)

        await self._app(scope, receive, send_noted)


def note_assumed(scope: Scope) -> None:
    """Note that a request says a time without an offset."""
    scope.setdefault("state", {})[_ASSUMED] = True


def note_times(scope: Scope, members: Mapping[str, Any]) -> None:
    """Note whether one of the members of a request is a time without an offset."""
    times = (members[name] for name in _TIMES & members.keys())
    if any(isinstance(value, str) and value and lacks_zone(value) for value in times):
        note_assumed(scope)
