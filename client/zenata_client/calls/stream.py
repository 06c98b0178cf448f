"""Readings as they happen, over Server-Sent Events that are taken up again where they broke off."""

from dataclasses import dataclass, field
from typing import Unpack

import msgspec

from zenata_client.asked import Which
from zenata_client.calls.city import readings
from zenata_client.documents import Reading
from zenata_client.errors import UnreachableError
from zenata_client.plan import PATIENCE, Flow, Give, Pause, Read, Send, at, open_, query

_SILENCE = 45.0  # three heartbeats of the API: after that the connection is taken for dead [s]
_WAIT = 2.0  # before it is taken up again, where the API does not say [s]


def stream(**which: Unpack[Which]) -> Flow[Reading]:
    """Give readings as they become durable, without an end.

    Every reading comes at least once: a broken connection is taken up again behind the last reading, and what is too
    much to be sent again is asked for. Some may come twice then; time, sensor and property tell.

    Raises
    ------
    UnreachableError
        If nobody answers at first, or for long.
    ProblemError
        If the API says no.
    """
    events, waited, path, params = _Events(), 0.0, at("stream"), query(which)
    while True:
        place = {} if events.last is None else {"Last-Event-ID": events.last}
        try:
            _, chunks = yield from open_(Send(method="GET", path=path, params=params, headers=place, timeout=_SILENCE))
            waited = 0.0
            yield from _received(events, chunks, which)
        except UnreachableError:
            if events.last is None or waited > PATIENCE:
                raise
        yield Pause(events.wait)
        waited += events.wait


def _received(events: "_Events", chunks: object, which: Which) -> Flow[Reading]:
    """Give what comes over one connection."""
    events.restart()
    while piece := (yield Read(chunks)):
        for id_, name, data in events.feed(piece):
            if name == "reading":
                yield Give(msgspec.json.decode(data, type=Reading))
            elif name == "gap":
                missed = msgspec.json.decode(data, type=dict[str, str])
                yield from readings(**which, start=missed["from"], end=missed["to"])
            events.last = id_  # now only: what fails before is asked for again


@dataclass
class _Events:
    """What came of a stream, as the standard reads it (WHATWG HTML, section 9.2).

    Attributes
    ----------
    last : str or None
        Id of the last event that was given.
    wait : float
        How long to wait before the next connection [s].
    """

    last: str | None = None
    wait: float = _WAIT
    rest: bytes = b""
    _id: str | None = None
    _fields: dict[str, str] = field(default_factory=dict)

    def feed(self, piece: bytes) -> list[tuple[str | None, str, str]]:
        """Return the events that a piece completes: id, name and data, which is empty where only the id moves on."""
        *lines, self.rest = (self.rest + piece).split(b"\n")
        return [event for line in lines if (event := self._line(line.decode().rstrip("\r"))) is not None]

    def restart(self) -> None:
        """Forget what was cut off in the middle."""
        self.rest, self._fields, self._id = b"", {}, self.last

    def _line(self, line: str) -> tuple[str | None, str, str] | None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            fields, self._fields = self._fields, {}
            self._id = fields.get("id", self._id)
            return self._id, fields.get("event", "message") if "data" in fields else "", fields.get("data", "")
        if name == "retry":
            self.wait = int(value) / 1000
        elif name == "data" and "data" in self._fields:
            self._fields["data"] += f"\n{value}"
        else:
            self._fields[name] = value
        return None
