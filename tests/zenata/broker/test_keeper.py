"""Copies of records of sessions, beside a broker that is made up; tests/sandbox/test_damaged_sessions.py damages a real one."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zenata.broker.keeper import SessionCopy, consumers_of
from zenata.errors import BrokerError, SetupError

WHOLE = b'{"id":"ingest","subs":{"a.>":1},"cons":{"a.>":{"durable_name":"x_1"},"a fwc":{"durable_name":"x_2"}}}'
OLDER = b'{"id":"ingest"}'
OTHER = WHOLE.replace(b"x_2", b"x_3")


class Broker:
    """Has the record of one session, and the consumers that `kept` names."""

    def __init__(self, record: bytes, kept: bytes = WHOLE) -> None:
        self.now, self._kept = record, kept
        self.error: Exception | None = None

    def record(self, _session: str) -> bytes:
        if self.error:
            raise self.error
        return self.now

    def put(self, _session: str, record: bytes) -> bool:
        if not consumers_of(record) <= consumers_of(self._kept):
            return False
        self.now = record
        return True


def copied(file: Path, record: bytes) -> None:
    """Copy a record into a file."""
    broker: Any = Broker(record)
    SessionCopy(broker, "ingest", file).keep()


def mended(broker: Broker, file: Path) -> bytes:
    """Return the record that a session is resumed with."""
    keeper: Any = broker
    SessionCopy(keeper, "ingest", file).mend()
    return broker.now


@pytest.mark.parametrize(
    "record", [b"", OLDER, OTHER, b"junk", WHOLE.replace(b"x_2", b"x_\xff"), b'{"x":' + b"[" * 100_000]
)
def test_another_record_gives_way_to_the_copy_and_one_of_the_same_consumers_stays(
    tmp_path: Path, record: bytes
) -> None:
    file = tmp_path / "copy"
    copied(file, WHOLE)
    assert mended(Broker(record), file) == WHOLE
    again = WHOLE.replace(b"ingest", b"other")  # NATS writes the record again at each connection
    assert mended(Broker(again), file) == again


@pytest.mark.parametrize("copy", [b"", b"junk", b"[]", OLDER])
def test_a_copy_that_is_none_is_not_put_back_but_made_anew(tmp_path: Path, copy: bytes) -> None:
    file = tmp_path / "copy"
    file.write_bytes(copy)
    assert mended(Broker(OLDER), file) == OLDER
    assert not file.exists()
    assert mended(Broker(WHOLE), file) == WHOLE
    assert mended(Broker(OTHER), file) == WHOLE


@given(st.integers(0), st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whichever_byte_of_a_copy_is_damaged_the_session_goes_on_and_there_is_another_copy(
    tmp_path: Path, position: int, change: int
) -> None:
    file = tmp_path / "copy"
    copied(file, WHOLE)
    content = bytearray(file.read_bytes())
    content[position % len(content)] ^= change
    file.write_bytes(content)
    assert mended(Broker(WHOLE), file) == WHOLE
    assert file.with_name("copy.damaged").read_bytes() == content
    assert mended(Broker(OTHER), file) == WHOLE


def test_a_copy_that_could_not_be_read_or_written_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "copy"
    file.mkdir()
    assert mended(Broker(WHOLE), file) == WHOLE
    assert "cannot be read" in caplog.text
    assert "is not copied" in caplog.text


def test_a_copy_whose_consumers_are_gone_is_of_no_use(tmp_path: Path) -> None:
    file = tmp_path / "copy"
    copied(file, WHOLE)
    assert mended(Broker(OTHER, kept=OTHER), file) == OTHER


def test_nobody_connects_before_the_broker_says_what_its_record_is(tmp_path: Path) -> None:
    broker = Broker(WHOLE)
    broker.error = BrokerError("away")
    with pytest.raises(BrokerError, match="away"):
        mended(broker, tmp_path / "copy")


def test_who_may_not_look_goes_on_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(WHOLE)
    broker.error = SetupError("no such right")
    assert mended(broker, tmp_path / "copy") == WHOLE
    assert "no such right" in caplog.text


def test_where_there_is_no_record_there_is_no_copy_of_before(tmp_path: Path) -> None:
    file = tmp_path / "copy"
    copied(file, WHOLE)
    broker: Any = Broker(b"")
    SessionCopy(broker, "ingest", file).keep()
    assert not file.exists()
