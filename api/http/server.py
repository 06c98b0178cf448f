"""The HTTP server, which can stop while streams are open."""

import logging
import socket

import uvicorn

from api.live.hub import Hub
from zenata.errors import SetupError
from zenata.process.tls import Certificate, certificate_of

log = logging.getLogger(__name__)

LARGEST_MESSAGE = 16_384
"""Bytes that a client may send by WebSocket at once."""

_LOOK = 10  # turns of a tenth of a second between two looks at whether the certificate has been renewed


class Server(uvicorn.Server):
    """A server that ends the open streams before it waits for the open requests, which would else never end.

    Parameters
    ----------
    config : uvicorn.Config
    hub : Hub
        What the streams listen to.
    certificate : Certificate or None
        What it shows; new connections get the one that is there after a renewal.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub, certificate: Certificate | None = None) -> None:
        config.ws_max_size = LARGEST_MESSAGE
        config.ws_per_message_deflate = False  # it would hold up the event loop, and with it everybody else
        if certificate:
            config.ssl_certfile, config.ssl_keyfile = certificate.cert, certificate.key
        super().__init__(config)
        self._hub = hub
        self._certificate = certificate
        self._stamp = certificate.stamp if certificate else ()

    async def on_tick(self, counter: int) -> bool:
        """Do what is due; see `uvicorn.Server.on_tick`."""
        if counter % _LOOK == 0:
            self._renew()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; see `uvicorn.Server.shutdown`."""
        self._hub.close()
        await super().shutdown(sockets)

    def _renew(self) -> None:
        """Show the certificate that is there now, if it is another and fits its key; else go on with the one of before."""
        certificate, context = self._certificate, self.config.ssl
        if certificate is None or context is None or certificate.stamp == self._stamp:
            return
        self._stamp = certificate.stamp
        try:
            certificate_of(certificate.cert, certificate.key)
            context.load_cert_chain(certificate.cert, certificate.key)
        except (SetupError, OSError) as error:
            log.warning("the API goes on with the certificate it has: %s", error)
