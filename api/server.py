"""The HTTP server, which can stop while streams are open."""

import socket

import uvicorn

from api.live import Hub


class Server(uvicorn.Server):
    """A server that ends the open streams before it waits for the open requests, which would else never end.

    Parameters
    ----------
    config : uvicorn.Config
    hub : Hub
        What the streams listen to.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; see `uvicorn.Server.shutdown`."""
        self._hub.close()
        await super().shutdown(sockets)
