"""Dead letters in an InfluxDB."""

from base64 import b64decode
from collections.abc import Sequence

from zenata.store.dead_letters import DeadLetter, owner_of
from zenata.store.influx.server import Cut, Server
from zenata.store.influx.sql import DEAD_LETTERS, clamped, identifier, one_of

_PAGE = 500  # dead letters read, or removed, at once
_NS = 1000  # nanoseconds in a microsecond


def select(server: Server, topics: Sequence[str], before: int | None, limit: int) -> list[DeadLetter]:
    """Return the newest first; see `zenata.store.base.Store.dead_letters`."""
    chosen: list[DeadLetter] = []
    while topics:
        page = _page(server, topics, before)
        chosen += [letter for letter in page if letter.topic.startswith(tuple(topics))]
        if len(page) < _PAGE or len(chosen) >= limit:
            break
        before = page[-1].received
    return chosen[:limit]


def remove(server: Server, dead_letters: Sequence[DeadLetter]) -> None:
    """Remove those that are there."""
    for first in range(0, len(dead_letters), _PAGE):
        times = [letter.received * _NS for letter in dead_letters[first : first + _PAGE]]
        server.remove([Cut(DEAD_LETTERS, first=time, last=time) for time in times])


def trim(server: Server, before: int, limit: int) -> None:
    """Remove those received before a time [us], and the oldest of whoever has too many."""
    statement = f"SELECT seq FROM {identifier(DEAD_LETTERS)} GROUP BY world ORDER BY time DESC LIMIT 1 OFFSET {limit}"  # noqa: S608 - quoted
    (series,) = server.query([statement])
    cuts = [
        Cut(DEAD_LETTERS, ("world", part.tags.get("world", "")), last=row[0]) for part in series for row in part.values
    ]
    server.remove([Cut(DEAD_LETTERS, last=before * _NS - 1), *cuts])


def _page(server: Server, topics: Sequence[str], before: int | None) -> list[DeadLetter]:
    """Return some dead letters of the owners that topics name, newest first."""
    chosen = [] if before is None else [f"time < {clamped(before) * _NS}"]
    if all(topic.count("/") > topic.startswith("pilots/") for topic in topics):  # so that each names an owner
        chosen.append(one_of("world", {owner_of(topic) for topic in topics}))
    where = f"WHERE {' AND '.join(chosen)}" if chosen else ""
    statement = (
        f"SELECT topic, code, reason, sensor, payload, seq FROM {identifier(DEAD_LETTERS)} {where} "  # noqa: S608 - quoted
        f"ORDER BY time DESC LIMIT {_PAGE}"
    )
    (series,) = server.query([statement])
    return [
        DeadLetter(
            received=time // _NS,
            topic=topic,
            payload=b64decode(payload),
            code=code,
            reason=reason,
            sensor=sensor,
            seq=seq,
        )
        for part in series
        for time, topic, code, reason, sensor, payload, seq in part.values
    ]
