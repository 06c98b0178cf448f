"""Peers: several servers of the API on one database, which of them leads, and what they tell one another.

Each server writes one row several times a second: that it lives, what it has counted, and what the others are to know. It
reads theirs in the same turn, so that no request waits for the database. One of them holds the lease of the leader, and
does what one alone may do. Clocks of machines are not compared: a server is gone when its row has not changed for `LEASE`
of the clock of whoever looks.
"""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from zenata.control.server_tables import BatchRow, LeaseRow, ServerRow, ValueRow
from zenata.process.background import Background

log = logging.getLogger(__name__)

PERIOD = 0.25
"""Time between two turns of a server [s]. A default."""

LEASE = 5.0
"""How long a server may not be heard of before another leads in its place, and it counts as gone [s]. A default."""

HEARD = 1.0
"""Age from which on what is known of the peers counts as old [s]."""

_RETENTION = 60.0  # how long batches stay for the others [s]; a server that was away for longer reads the store again
_FORGOTTEN = 3600.0  # how long the row of a server that is gone stays [s]
_MAX_WAITING = 2_000  # batches while the database is away
_LEADER = "leader"
_LEFT = -1  # the beat of a server that has stopped in order


class SharedValues:
    """Values that all servers on a database have.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, name: str) -> str | None:
        """Return a value, or None if there is none."""
        with self._engine.connect() as connection:
            return connection.scalar(select(ValueRow.value).where(ValueRow.name == name))

    def keep(self, name: str, value: str) -> str:
        """Return the value that is there; the first that is given becomes it."""
        if (found := self.get(name)) is not None:
            return found
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(ValueRow).values(name=name, value=value))
        except IntegrityError:  # another server was faster
            return self.get(name) or value
        return value

    def set(self, name: str, value: str) -> None:
        """Put a value in the place of the one that is there."""
        self.keep(name, value)
        with self._engine.begin() as connection:
            connection.execute(update(ValueRow).where(ValueRow.name == name).values(value=value))


def leads(peers: "Peers | None") -> bool:
    """Return whether this server does what one alone of several may do: one without others does."""
    return peers is None or peers.leads


class Peer(msgspec.Struct):
    """What is known of another server: its row, and when it last changed on our monotonic clock [s]."""

    url: str
    beat: int
    heard: float
    batch: int
    counts: dict[str, float]
    notes: dict[str, Any]
    alive: bool


class Peers(Background):
    """The servers of the API on a database, this one among them, while it is entered.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    id_ : str
        Of this server, the same after a restart.
    url : str
        Where other servers reach this one.
    on_batch : callable
        Takes what another server has published.
    on_gap : callable
        Called when something that others have published may not have come.
    lease : float
        See `LEASE`.
    """

    def __init__(
        self,
        engine: Engine,
        id_: str,
        url: str = "",
        *,
        on_batch: Callable[[bytes], object] = lambda _: None,
        on_gap: Callable[[], object] = lambda: None,
        lease: float = LEASE,
    ) -> None:
        self.id, self.url = id_, url
        self.values = SharedValues(engine)
        self.notes: dict[str, Any] = {}
        """What the others are to know of this server, by subject."""
        self.turns = 0
        """How often the others were heard."""
        self._engine, self._lease = engine, lease
        self._on_batch, self._on_gap = on_batch, on_gap
        self._known: dict[str, Peer] = {}
        self._counts: dict[str, float] = {}
        self._others: defaultdict[str, float] = defaultdict(float)
        self._written: dict[str, str] = {}
        self._number, self._waiting = 0, deque[bytes](maxlen=_MAX_WAITING)
        self._sent: deque[tuple[float, int]] = deque()  # when batches were written, and up to which number
        self._heard = self._renewed = float("-inf")
        self._holder: tuple[str, int, float] = ("", -1, 0.0)  # of the lease, its beat, and since when it is so
        self._lock = threading.Lock()
        super().__init__("peers", daemon=True)

    @property
    def leads(self) -> bool:
        """Whether this server holds the lease; it ends here before it may end for the others."""
        return time.monotonic() - self._renewed < self._lease / 2

    @property
    def count(self) -> int:
        """How many servers live, this one among them; 1 while the database is away, as nobody is heard."""
        if time.monotonic() - self._heard > HEARD:
            return 1
        return 1 + sum(peer.alive for peer in self._known.values())

    def url_of(self, id_: str) -> str | None:
        """Return where another server is reached; None if it does not live."""
        peer = self._known.get(id_)
        return peer.url if peer is not None and peer.alive else None

    def add(self, name: str, number: float = 1) -> None:
        """Count something that the others take into account. For one name one thread at a time."""
        self._counts[name] = self._counts.get(name, 0) + number

    def others(self, name: str) -> float:
        """Return what the others have counted since this server started; it only rises."""
        return self._others.get(name, 0)

    def noted(self, subject: str) -> list[Any]:
        """Return what the others that live let us know of a subject."""
        return [peer.notes[subject] for peer in self._known.values() if peer.alive and subject in peer.notes]

    def publish(self, content: bytes) -> None:
        """Pass something on to the others, at their next turn."""
        self._waiting.append(content)

    def turn(self) -> None:
        """Tell the others of this server, and hear of them.

        Raises
        ------
        SQLAlchemyError
            If the database is away.
        """
        with self._lock:
            waiting = list(self._waiting)
            with self._engine.begin() as connection:
                texts = self._write(connection, waiting)
                rows = connection.execute(select(ServerRow.__table__)).all()
                lease = connection.execute(select(LeaseRow.holder, LeaseRow.beat).where(LeaseRow.name == _LEADER)).one()
                held = self._take_lease(connection, *lease)
            now, self._written = time.monotonic(), texts
            for _ in waiting:
                self._waiting.popleft()
            self._number += len(waiting)
            if waiting:
                self._sent.append((now, self._number))
            self._renewed = now if held else float("-inf")
            for row in rows:
                if row.id != self.id:
                    self._hear(row, now)
            for id_, peer in list(self._known.items()):
                self._judge(id_, peer, now)
            self._heard = now
            self.turns += 1

    def leave(self) -> None:
        """Give the lease up, so that the others need not wait."""
        with self._engine.begin() as connection:
            mine = (LeaseRow.name == _LEADER, LeaseRow.holder == self.id)
            connection.execute(update(LeaseRow).where(*mine).values(holder=""))
            connection.execute(update(ServerRow).where(ServerRow.id == self.id).values(beat=_LEFT))
        self._renewed = float("-inf")

    def start(self) -> None:
        """Take the first turn, and start the thread."""
        self._attempt(self.turn)
        super().start()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD):
            self._attempt(self.turn)
        self._attempt(self.turn)  # what waits goes out
        self._attempt(self.leave)

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except SQLAlchemyError as error:
            if time.monotonic() - self._heard < 2 * HEARD:
                log.warning("other servers are not heard while the database is away: %s", type(error).__name__)
        except Exception:
            log.exception("a turn of the servers failed; it is made again")

    def _write(self, connection: Connection, waiting: Sequence[bytes]) -> dict[str, str]:
        """Write the row of this server, as far as it has changed, and what waits; return its texts."""
        if not self._number:  # of the run before
            before = select(BatchRow.number).where(BatchRow.server == self.id).order_by(BatchRow.number.desc())
            self._number = connection.scalar(before.limit(1)) or 0
        number = self._number + len(waiting)
        values: dict[str, Any] = {"url": self.url, "batch": number}
        texts = {
            name: msgspec.json.encode(one).decode()
            for name, one in {"counts": self._counts, "notes": self.notes}.items()
        }
        values |= {name: text for name, text in texts.items() if text != self._written.get(name)}
        mine = update(ServerRow).where(ServerRow.id == self.id).values(beat=ServerRow.beat + 1, **values)
        if not connection.execute(mine).rowcount:
            connection.execute(insert(ServerRow).values(id=self.id, beat=0, **values | texts))
        if waiting:
            rows = [
                {"server": self.id, "number": self._number + at, "content": content}
                for at, content in enumerate(waiting, 1)
            ]
            connection.execute(insert(BatchRow), rows)
        while self._sent and self._sent[0][0] < time.monotonic() - _RETENTION:
            _, old = self._sent.popleft()
            connection.execute(delete(BatchRow).where(BatchRow.server == self.id, BatchRow.number <= old))
        return texts

    def _take_lease(self, connection: Connection, holder: str, beat: int) -> bool:
        """Renew the lease, or take it if it is free or its holder has not renewed it for long; return whether it is ours."""
        now = time.monotonic()
        if (holder, beat) != self._holder[:2]:
            self._holder = holder, beat, now
        if holder not in ("", self.id) and now - self._holder[2] < self._lease:
            return False
        same = (LeaseRow.name == _LEADER, LeaseRow.holder == holder, LeaseRow.beat == beat)
        taken = update(LeaseRow).where(*same).values(holder=self.id, beat=beat + 1)
        if not connection.execute(taken).rowcount:  # another was faster
            return False
        if holder != self.id:
            log.info("this server leads now, and does what one alone may do")
        return True

    def _hear(self, row: Any, now: float) -> None:  # noqa: ANN401 - a row of `ServerRow`
        """Take in the row of another server."""
        peer = self._known.get(row.id)
        if peer is not None and peer.beat == row.beat:
            return
        counts, notes = msgspec.json.decode(row.counts), msgspec.json.decode(row.notes)
        if peer is None:
            # What was counted before us counts no more; whoever comes after us has counted nothing yet.
            before = {} if self.turns else counts
            peer = self._known[row.id] = Peer(row.url, row.beat, now, row.batch, before, notes, alive=True)
        for name, total in counts.items():
            known = peer.counts.get(name, 0)
            self._others[name] += total - known if total >= known else total  # less: it has started anew
        if row.batch != peer.batch:
            self._read_batches(row.id, peer.batch if row.batch > peer.batch else 0, row.batch)
        peer.counts, peer.notes, peer.url, peer.batch = counts, notes, row.url, row.batch
        peer.beat, peer.heard, peer.alive = row.beat, now, row.beat != _LEFT

    def _read_batches(self, id_: str, after: int, newest: int) -> None:
        chosen = select(BatchRow.content).where(BatchRow.server == id_, BatchRow.number.between(after + 1, newest))
        with self._engine.connect() as connection:
            contents = connection.scalars(chosen.order_by(BatchRow.number)).all()
        for content in contents:
            self._on_batch(content)
        if len(contents) < newest - after:
            self._on_gap()

    def _judge(self, id_: str, peer: Peer, now: float) -> None:
        """Note that a server has died, and remove what is left of it when that was long ago."""
        silent = now - peer.heard
        if peer.alive and silent > self._lease:
            peer.alive = False
            log.warning("the server %s at %s is not heard of any more", id_, peer.url)
            self._on_gap()
        if silent > _FORGOTTEN and self.leads:
            with self._engine.begin() as connection:
                connection.execute(delete(BatchRow).where(BatchRow.server == id_))
                connection.execute(delete(ServerRow).where(ServerRow.id == id_))
            del self._known[id_]
