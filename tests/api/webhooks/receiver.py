"""A server that receives deliveries."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.http_server import Handler, Server, serving
from tests.waiting import wait_until


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """What came, and what is answered: a status, or a response as bytes; the last one again and again."""

    port: int
    answers: list[int | bytes] = field(default_factory=lambda: [204])
    requests: list[Received] = field(default_factory=list)
    pause: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def wait(self, count: int) -> list[Received]:
        """Wait until so many requests have come."""
        wait_until(lambda: len(self.requests) >= count, f"{count} requests", pause=0.01)
        return self.requests


class _Handler(Handler):
    def do_POST(self) -> None:  # noqa: N802 - the library's name
        receiver: Receiver = self.server.receiver
        body = self.body()
        answer = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
        receiver.requests.append(
            Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        )
        time.sleep(receiver.pause)
        if isinstance(answer, bytes):
            self.wfile.write(answer)
            self.close_connection = True
        else:
            self.answer(answer)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive on loopback until the end of the block."""
    with serving(Server(_Handler)) as server:
        server.receiver = Receiver(server.server_port)
        yield server.receiver
