"""Dead letters in an InfluxDB: points of one measurement, tagged with their owner."""

from base64 import b64decode
from collections.abc import Sequence

import numpy as np

from zenata.store.dead_letters import DeadLetter, Usage, is_prefix, owner_of
from zenata.store.influx.server import Cut, Server
from zenata.store.influx.sql import DEAD_LETTERS, NS, clamped, identifier, one_of

_PAGE, _PAYLOADS_PAGE = 500, 100  # dead letters that are read, or removed, at once; payloads have up to 64 KiB each


def select(
    server: Server, topics: Sequence[str], before: int | None, limit: int, *, payloads: bool
) -> list[DeadLetter]:
    """Return the newest first; see `zenata.store.base.Store.dead_letters`."""
    begins = tuple(topic for topic in topics if is_prefix(topic))
    chosen: list[DeadLetter] = []
    size = _PAYLOADS_PAGE if payloads else _PAGE
    while topics:
        page = _page(server, topics, before, size, payloads=payloads)
        chosen += [one for one in page if one.topic in topics or one.topic.startswith(begins)]
        if len(page) < size or len(chosen) >= limit:
            break
        before = page[-1].received
    return chosen[:limit]


def remove(server: Server, dead_letters: Sequence[DeadLetter]) -> None:
    """Remove those that are there."""
    for first in range(0, len(dead_letters), _PAGE):
        times = [dead_letter.received * NS for dead_letter in dead_letters[first : first + _PAGE]]
        server.remove([Cut(DEAD_LETTERS, first=time, last=time) for time in times])


def usage(server: Server) -> Usage:
    """Return how many bytes each owner has; points of earlier versions do not say, and count as nothing."""
    (series,) = server.query([f"SELECT sum(stored) FROM {identifier(DEAD_LETTERS)} GROUP BY world"])  # noqa: S608 - quoted
    return Usage({part.tags.get("world", ""): int(row[1] or 0) for part in series for row in part.values})


def trim(server: Server, before: int, max_count: int, max_bytes: int) -> None:
    """Remove those received before a time [us], and the oldest of each owner that has too many, or too many bytes."""
    name = identifier(DEAD_LETTERS)
    count, size = server.query(
        [
            f"SELECT seq FROM {name} GROUP BY world ORDER BY time DESC LIMIT 1 OFFSET {max_count}",  # noqa: S608 - quoted
            f"SELECT stored FROM {name} GROUP BY world ORDER BY time DESC LIMIT {max_count}",  # noqa: S608 - quoted
        ]
    )
    cuts = [Cut(DEAD_LETTERS, last=before * NS - 1)]
    for part in count:
        cuts += [Cut(DEAD_LETTERS, ("world", part.tags.get("world", "")), last=row[0]) for row in part.values]
    for part in size:
        beyond = np.cumsum([row[1] or 0 for row in part.values]) > max_bytes
        if beyond.any():
            last = part.values[int(beyond.argmax())][0]
            cuts.append(Cut(DEAD_LETTERS, ("world", part.tags.get("world", "")), last=last))
    server.remove(cuts)


def _page(server: Server, topics: Sequence[str], before: int | None, size: int, *, payloads: bool) -> list[DeadLetter]:
    """Return some dead letters of the owners that topics name, newest first."""
    chosen = [] if before is None else [f"time < {clamped(before) * NS}"]
    if all(topic.count("/") > topic.startswith("pilots/") for topic in topics):  # so that each names an owner
        chosen.append(one_of("world", {owner_of(topic) for topic in topics}))
    if not any(map(is_prefix, topics)):
        chosen.append(one_of("topic", topics))
    where = f"WHERE {' AND '.join(chosen)}" if chosen else ""
    statement = (
        f"SELECT topic, code, reason, sensor, seq, size, digest{', payload' if payloads else ''} "  # noqa: S608 - quoted
        f"FROM {identifier(DEAD_LETTERS)} {where} ORDER BY time DESC LIMIT {size}"
    )
    (series,) = server.query([statement])
    return [
        DeadLetter(
            received=time // NS,
            topic=topic,
            payload=b64decode(payload[0]) if payload else b"",
            code=code,
            reason=reason,
            sensor=sensor,
            seq=seq,
            size=-1 if size is None else size,
            digest=digest or "",
        )
        for part in series
        for time, topic, code, reason, sensor, seq, size, digest, *payload in part.values
    ]
