"""The WebSocket route for live readings. OpenAPI cannot describe it: docs/live.md does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.http.auth import admit, key_of, session_of, validity
from api.http.context import Context
from api.http.problems import Problem, invalid
from api.live.socket import REFUSED, Session
from zenata.control.keys import Principal

router = APIRouter()

PATH = "/v1/ws"

MAX_CONNECTIONS = 20
"""Of one pilot at once. A default, not a measured limit."""

PROTOCOL, KEY_PROTOCOL = "zenata.v1", "zenata.key."
"""Subprotocols: ours, and the prefix of the one in which a browser, which can set no header, sends its key."""

_KEY_TIMEOUT = 10.0  # how long a client may take to send its key [s]
_CLOSE_TIMEOUT = 1.0  # how long the closing handshake may take [s]


@router.websocket(PATH)
async def live(socket: WebSocket) -> None:
    """Serve a client that subscribes to readings."""
    context: Context = socket.app.state.context
    header = socket.headers.get("authorization")
    try:
        if socket.url.query:
            raise invalid("query", "this address takes no parameters: subscribe by messages (docs/live.md)")
        key = session_of(socket) if header is None else key_of(socket) or header
        principal = None if key is None else admit(context, socket, key)
    except Problem as problem:
        await socket.send_denial_response(problem.response(socket.scope))
        return
    with suppress(WebSocketDisconnect):
        offered: list[str] = socket.scope["subprotocols"]
        await socket.accept(PROTOCOL if PROTOCOL in offered else next(iter(offered), None))
        code = REFUSED
        try:
            if principal is None or key is None:
                key = await _sent_key(socket, offered)
                principal = admit(context, socket, key)
            with _counted(context, principal):
                code = await Session(
                    context=context, socket=socket, principal=principal, still_valid=validity(context, key)
                ).run()
        except Problem as problem:
            await socket.send_text(msgspec.json.encode({"problem": problem.document(PATH)}).decode())
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await socket.close(code)


async def _sent_key(socket: WebSocket, offered: list[str]) -> str:
    """Return the key that a client sends in a subprotocol, or else in its first message."""
    for protocol in offered:
        if protocol.startswith(KEY_PROTOCOL):
            return protocol.removeprefix(KEY_PROTOCOL)
    try:
        async with asyncio.timeout(_KEY_TIMEOUT):
            message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        return msgspec.json.decode(message.get("text") or "", type=dict[str, str])["key"]
    except TimeoutError:
        raise Problem("no-key", f"No key was sent within {_KEY_TIMEOUT:.0f} s.") from None
    except (msgspec.DecodeError, KeyError):
        raise Problem("no-key", 'The first message must be {"key": "zk_..."}, if no header has the key.') from None


@contextmanager
def _counted(context: Context, principal: Principal) -> Iterator[None]:
    """Count a connection while it lasts; one too many is refused."""
    if context.sockets[principal.pilot] >= MAX_CONNECTIONS:
        detail = f"There are {MAX_CONNECTIONS} WebSockets of {principal.pilot} already: close one, or subscribe there."
        raise Problem("over-quota", detail, quota="connections")
    context.sockets[principal.pilot] += 1
    try:
        yield
    finally:
        context.sockets[principal.pilot] -= 1
