"""Streams: readings as they happen, over Server-Sent Events that are resumed after a break."""

from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import msgspec

from zenata_client.calls.city import readings
from zenata_client.contract.readings import Reading
from zenata_client.errors import UnreachableError, check_media
from zenata_client.parameters import Names, documented, query
from zenata_client.plan import PATIENCE, Flow, Give, Pause, Read, Send, open_, route

_SILENCE = 45.0  # three heartbeats of the API: after that the connection counts as dead [s]
_WAIT = 2.0  # before the next connection, where the API does not say [s]


class _Which(TypedDict, total=False):
    world: str | None  # one alone, where other calls take several
    sensor: Names | None
    kind: Names | None
    district: Names | None
    property: Names | None


@documented
def stream(**which: Unpack[_Which]) -> Flow[Reading]:
    """Give readings as they become durable, without an end.

    Every reading comes at least once: after a break the stream continues behind the last reading, and readings that are
    too many to be sent again are queried. Some may come twice then; time, sensor and property tell.

    Parameters
    ----------
    {series}

    Raises
    ------
    UnreachableError
        If nobody answers at first, or for long.
    ProblemError
        If the API refuses it.
    AnswerError
        If the address answers something else, such as the page of a proxy.
    """
    events, waited, path, params = _Events(), 0.0, route("stream"), query(which)
    while True:
        headers = {} if events.last is None else {"Last-Event-ID": events.last}
        try:
            send = Send(method="GET", path=path, params=params, headers=headers, timeout=_SILENCE)
            response, chunks = yield from open_(send)
            check_media(response, "text/event-stream")
            waited = 0.0
            yield from _received(events, chunks, which)
        except UnreachableError:
            if events.last is None or waited > PATIENCE:
                raise
        yield Pause(events.wait)
        waited += events.wait


def _received(events: "_Events", chunks: object, which: _Which) -> Flow[Reading]:
    """Give the readings of one connection."""
    events.restart()
    while piece := (yield Read(chunks)):
        for id_, name, data in events.feed(piece):
            if name == "reading":
                yield Give(msgspec.json.decode(data, type=Reading))
            elif name == "gap":
                gap = msgspec.json.decode(data, type=dict[str, str])
                yield from readings(**which, start=gap["from"], end=gap["to"])
            events.last = id_  # only now: after a failure before this, the stream continues behind the event before


@dataclass
class _Events:
    """Parser of Server-Sent Events (WHATWG HTML, section 9.2).

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
        """Drop an event that was cut off."""
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
