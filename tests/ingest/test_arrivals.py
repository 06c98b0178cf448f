"""Each message has a date of its own, and the same again when the broker delivers it again."""

from contextlib import ExitStack, suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.arrivals import OVER_HTTP, OVER_MQTT, STEP, ArrivalClock, ArrivalLog
from ingest.delivery_order import OrderState
from tests.disks import mounted
from zenata.errors import SetupError, StoreError
from zenata.wire.mqtt import Message

NOW = 1_800_000_000_000_000


class Hands:
    """A clock that is set by hand."""

    def __init__(self, now=NOW):
        self.time = now

    def now(self):
        return self.time


def message(payload=b"{}", packet=1, *, again=False, topic="pilots/alpha/telemetry/roof"):
    return Message(topic, payload, packet, 1, again)


@given(st.lists(st.integers(-5_000_000, 5_000_000), min_size=1), st.sampled_from([OVER_HTTP, OVER_MQTT, 9]))
def test_dates_ascend_whatever_the_clock_does_and_end_in_the_digit(steps, digit):
    hands = Hands()
    clock = ArrivalClock(hands, digit)
    dates = []
    for step in steps:
        hands.time += step
        dates += [clock.next(), clock.next()]
    assert dates == sorted(set(dates))
    assert {date % STEP for date in dates} == {digit}


def test_a_clock_that_was_far_ahead_does_not_date_everything_behind_it():
    hands = Hands(NOW + 10**12)
    clock = ArrivalClock(hands)
    clock.next()
    hands.time = NOW
    assert clock.next() == NOW + OVER_HTTP


def test_what_is_reserved_is_not_given():
    clock = ArrivalClock(Hands(), OVER_MQTT)
    clock.reserve(NOW + 100)
    assert clock.next() == NOW + 100 + OVER_MQTT + STEP


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ingest.arrivals"


@pytest.fixture
def opened():
    """Opens logs, as after a kill of whoever had them open, and closes them in the end."""
    with ExitStack() as stack:

        def opened(path, hands=None):
            log = ArrivalLog(ArrivalClock(hands or Hands(), OVER_MQTT), path)
            stack.callback(log.close)
            return log

        yield opened


def test_t1_two_equal_messages_have_two_dates(path, opened):
    log = opened(path)
    assert log.date(message(packet=1))[0] < log.date(message(packet=2))[0]


def test_a_redelivery_has_its_date_and_survives_a_kill(path, opened):
    log = opened(path)
    first, second = log.date(message(packet=1))[0], log.date(message(packet=2))[0]
    log.write()
    for other in (log, opened(path)):
        assert other.date(message(packet=2, again=True)) == (second, True)
        assert other.date(message(packet=1, again=True)) == (first, True)


def test_what_was_not_written_has_another_date(path, opened):
    log = opened(path)
    log.date(message(packet=1))
    _, again = opened(path).date(message(packet=1, again=True))
    assert not again


@pytest.mark.parametrize(
    "other",
    [message(b"[]", 1, again=True), message(packet=2, again=True), message(packet=1), message(topic="pilots/b")],
)
def test_another_message_is_no_redelivery(path, opened, other):
    log = opened(path)
    date, _ = log.date(message(packet=1))
    assert log.date(other)[0] > date
    assert not log.date(msgspec.structs.replace(other, again=False))[1]


def test_a_redelivery_is_known_by_its_number_and_digest(path, opened):
    log = opened(path)
    log.date(message(b"a", 7))
    log.write()
    log = opened(path)
    assert log.was_dated(message(b"a", 7, again=True))
    assert not any(map(log.was_dated, (message(b"a", 7), message(b"b", 7, again=True), message(b"a", 8, again=True))))


def test_a_number_that_was_given_again_is_of_the_later_message(path, opened):
    log = opened(path)
    log.date(message(b"a", 7))
    later, _ = log.date(message(b"b", 7))
    log.write()
    assert opened(path).date(message(b"b", 7, again=True)) == (later, True)
    assert not opened(path).date(message(b"a", 7, again=True))[1]


def test_a_broker_that_numbers_from_1_again_is_recognised_by_what_it_delivers(path, opened):
    log = opened(path)
    dates = [log.date(message(packet=packet))[0] for packet in (101, 102)]
    log.write()
    log = opened(path)
    log.renumbered()
    assert [log.date(message(packet=packet, again=True)) for packet in (1, 2)] == [(date, True) for date in dates]
    assert not log.date(message(packet=3, again=True))[1]
    assert not opened(path).date(message(packet=1, again=True))[1]


def test_dates_go_on_behind_those_of_before(path, opened):
    log = opened(path, Hands(NOW + 50_000_000))
    date, _ = log.date(message())
    log.write()
    assert opened(path).date(message(packet=2))[0] > date


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400))
def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path_factory, opened, cut):
    path = tmp_path_factory.mktemp("log") / "ingest.arrivals"
    log = opened(path)
    dates = []
    for packet in range(1, 6):
        dates.append(log.date(message(packet=packet))[0])
        log.write()
    log.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - min(cut, len(data))])
    found = [opened(path).date(message(packet=packet, again=True)) for packet in range(1, 6)]
    known = [date for date, again in found if again]
    assert known == dates[: len(known)]
    assert len(known) == 5 or cut


def test_the_order_of_deliveries_is_stored_with_it(path, opened):
    log = opened(path)
    log.note(OrderState(7, [2]))
    log.note(OrderState(8, []))
    assert opened(path).order == OrderState(8, [])


def test_the_file_stays_small(path, opened, monkeypatch):
    monkeypatch.setattr("ingest.arrivals._MAX_FILE", 2000)
    log = opened(path)
    for packet in range(1, 2000):
        log.date(message(packet=packet % 10 + 1))
        log.write()
    assert path.stat().st_size < 4000
    assert opened(path).date(message(packet=1999 % 10 + 1, again=True))[1]


def test_a_file_that_cannot_be_used_is_reported(tmp_path, opened):
    with pytest.raises(SetupError, match="cannot be read"):
        opened(tmp_path)
    log = opened(tmp_path / "nowhere" / "ingest.arrivals")
    log.date(message())
    with pytest.raises(StoreError, match="cannot be written"):
        log.write()


@pytest.fixture
def disk(tmp_path):
    """A disk of 256 KiB."""
    with mounted(tmp_path, "size=256k") as folder:
        yield folder


def test_a_full_disk_is_an_error_of_the_store_and_no_date_is_lost_behind_it(disk, opened):
    path, filler = disk / "ingest.arrivals", disk / "filler"
    log, dates = opened(path), {}

    def date(*packets):
        for packet in packets:
            dates[packet], _ = log.date(message(b"%d" % packet, packet))

    date(1)
    log.write()
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    date(*range(2, 300))  # more than fit into what the file has of its last page
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot be written: No space left"):
            log.write()
    filler.unlink()
    log.write()
    date(300)
    log.write()
    again = opened(path)
    for packet, dated in dates.items():
        assert again.date(message(b"%d" % packet, packet, again=True)) == (dated, True)
    again.close()


def test_what_comes_again_under_another_number_keeps_its_date_if_that_is_known(path):
    log = ArrivalLog(ArrivalClock(Hands()), path)
    first, _ = log.date(message(b"a", 1))
    second, _ = log.date(message(b"a", 2))
    assert log.date(message(b"a", 9, again=True), is_numbered_anew=True) == (second, True)
    assert log.date(message(b"a", 9, again=True)) == (second, True)
    assert log.date(message(b"a", 1, again=True)) == (first, True)
    assert log.date(message(b"b", 10, again=True), is_numbered_anew=True)[1] is False
    assert log.date(message(b"a", 11, again=True))[1] is False


def test_digests_go_with_their_numbers(path):
    log = ArrivalLog(ArrivalClock(Hands()), path)
    log.date(message(b"a", 1))
    log.date(message(b"b", 1))
    assert log.date(message(b"a", 9, again=True), is_numbered_anew=True)[1] is False
