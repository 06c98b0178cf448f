"""Keeping of sessions at the embedded broker: what a damaged one has left is removed, and the record of one of ours is put back.

NATS writes in a stream of its own which subscriptions a session has, and which consumers keep messages for them; what they have
delivered is elsewhere. So if a record is damaged, all that waits is still there, and only whose it is nobody knows any more.

References
----------
NATS, "JetStream wire API" (docs.nats.io). The system account reaches no stream, so this is another user than the monitoring's.
"""

import hashlib
import logging
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from zenata.broker.base import KEEPER
from zenata.broker.monitor import MESSAGES, Consumer
from zenata.broker.protocol import NatsConnection, as_text, login_of, session_name
from zenata.errors import BrokerError, SetupError
from zenata.process.files import write_private

log = logging.getLogger(__name__)

_SESSIONS = "$MQTT_sess"  # the stream of the records of sessions
_RECORD = "$MQTT.sess."  # what the subject of a record begins with

KEEPING = (
    *(f"$JS.API.CONSUMER.{what}.{MESSAGES}.*" for what in ("DELETE", "INFO")),
    *(f"$JS.API.STREAM.{what}.{_SESSIONS}" for what in ("PURGE", "MSG.GET", "INFO")),
    f"{_RECORD}*",
)
"""The subjects that the `KEEPER` may publish to."""

_GONE = 404  # the code of an answer about what is not there


class _Error(msgspec.Struct):
    code: int
    description: str = ""


class _Message(msgspec.Struct):
    data: str = ""  # in base64


class _State(msgspec.Struct):
    subjects: dict[str, int] = {}


class _Answer(msgspec.Struct):
    error: _Error | None = None
    message: _Message | None = None
    state: _State | None = None


class _Config(msgspec.Struct):
    durable_name: str


class _Record(msgspec.Struct):
    """What is read of a record here: consumers, by subscription."""

    cons: dict[str, _Config] = {}


class Keeper:
    """Keeps the sessions of a NATS; it connects for each call, which raises `BrokerError` if the broker does not do so.

    Parameters
    ----------
    url : str
        See `BrokerMonitor`.
    """

    def __init__(self, url: str) -> None:
        self._address, login = login_of(url)
        self._login = login | {"user": KEEPER}

    def forget(self, consumers: Collection[Consumer], session: str = "") -> None:
        """Remove consumers with what they keep, and the record of a session, so that its client is told that it has none."""
        with self._connected() as connection:
            if session:
                _ask(connection, f"$JS.API.STREAM.PURGE.{_SESSIONS}", {"filter": _RECORD + session})
            for one in consumers:
                _ask(connection, f"$JS.API.CONSUMER.DELETE.{MESSAGES}.{one.name}", {})

    def sessions(self) -> set[str]:
        """Return the sessions that have a record, up to 100,000."""
        with self._connected() as connection:
            answer = _ask(connection, f"$JS.API.STREAM.INFO.{_SESSIONS}", {"subjects_filter": f"{_RECORD}>"})
        subjects = answer.state.subjects if answer and answer.state else {}
        return {subject.removeprefix(_RECORD) for subject in subjects}

    def record(self, session: str) -> bytes:
        """Return the record of a session; nothing if there is none."""
        with self._connected() as connection:
            answer = _ask(connection, f"$JS.API.STREAM.MSG.GET.{_SESSIONS}", {"last_by_subj": _RECORD + session})
        return b64decode(answer.message.data) if answer and answer.message else b""

    def put(self, session: str, record: bytes) -> bool:
        """Make this the record of a session that nobody has taken up; return whether all is there that it names."""
        with self._connected() as connection:
            for consumer in consumers_of(record):
                if _ask(connection, f"$JS.API.CONSUMER.INFO.{MESSAGES}.{consumer}", {}) is None:
                    return False
            _ask(connection, _RECORD + session, record.decode())
        return True

    @contextmanager
    def _connected(self) -> Iterator[NatsConnection]:
        try:
            with closing(NatsConnection(self._address, self._login)) as connection:
                yield connection
        except PermissionError as error:
            raise SetupError(f"the broker lets nobody look after its sessions: {error}") from error
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            raise BrokerError(f"the broker does not answer: {error}") from error


class SessionCopy:
    """A copy of the record of a session of ours, for the case that the broker's is damaged.

    Before it stands its SHA-256: a copy that is damaged, too, could name consumers that are there, but not all of them.

    Parameters
    ----------
    keeper : Keeper
    client : str
        Whose session it is.
    file : Path
    """

    def __init__(self, keeper: Keeper, client: str, file: Path) -> None:
        self._keeper, self._session, self._file = keeper, session_name(client), file

    def keep(self) -> None:
        """Copy the record as it is now; no copy is better than one of before."""
        try:
            self._file.unlink(missing_ok=True)
            record = self._keeper.record(self._session)
            if consumers_of(record):
                write_private(self._file, _sealed(record))
        except (OSError, BrokerError, SetupError) as error:
            log.warning("the record of our session is not copied: %s", error)

    def mend(self) -> None:
        """Put the copy back if the record is gone or names other consumers than the copy, and those of the copy are there.

        Raises
        ------
        BrokerError
            If the broker does not answer: who connected now could lose what waits.
        """
        try:
            copy = self._read()
            wanted, there = consumers_of(copy), consumers_of(self._keeper.record(self._session))
            if not wanted:
                self.keep()
            elif there != wanted and self._keeper.put(self._session, copy):
                log.error(
                    "the record of our session at the broker was damaged: it is put back, and nothing of it is lost"
                )
        except SetupError as error:
            log.warning("the record of our session is not looked at: %s", error)

    def _read(self) -> bytes:
        """Return the record that was copied, or nothing; a file that is no whole copy is set aside."""
        try:
            content = self._file.read_bytes()
            record = content.partition(b"\n")[2]
            if content == _sealed(record):
                return record
            aside = self._file.with_name(f"{self._file.name}.damaged")
            self._file.replace(aside)
            log.warning("the copy of the record of our session was damaged: it is now %s", aside)
        except FileNotFoundError:
            pass
        except OSError as error:
            log.warning("the copy of the record of our session cannot be read: %s", error)
        return b""


def consumers_of(record: bytes) -> set[str]:
    """Return the names of the consumers in the record of a session; of one that cannot be read none."""
    try:
        return {one.durable_name for one in msgspec.json.decode(record, type=_Record).cons.values()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return set()


def _sealed(record: bytes) -> bytes:
    """Return what is written of a record."""
    return b"%s\n%s" % (hashlib.sha256(record).hexdigest().encode(), record)


def _ask(connection: NatsConnection, subject: str, options: Mapping[str, object] | str) -> _Answer | None:
    """Return what the broker answers, or None about what is not there."""
    body = options if isinstance(options, str) else as_text(options)
    answer = msgspec.json.decode(connection.ask(subject, body), type=_Answer)
    if answer.error is None:
        return answer
    if answer.error.code == _GONE:
        return None
    raise BrokerError(f"the broker refused {subject}: {answer.error.description}")
