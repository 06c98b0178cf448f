"""The HTTP server, which can stop while streams are open."""

import socket

import uvicorn

from api.live import Hub

LARGEST_MESSAGE = 16_384
"""Bytes that a client may send by WebSocket at once."""


class Server(uvicorn.Server):
    """A server that ends the open streams before it waits for the open requests, which would else never end.

    Parameters
    ----------
    config : uvicorn.Config
    hub : Hub
        What the streams listen to.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        config.ws_max_size = LARGEST_MESSAGE
        config.ws_per_message_deflate = False  # it would hold up the event loop, and with it everybody else
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; see `uvicorn.Server.shutdown`."""
        self._hub.close()
        await super().shutdown(sockets)
