"""What is sent again with its own time: nothing is stored or counted twice, and nothing that contradicts it is silent."""

import threading

import pytest

from ingest.arrivals import ArrivalClock
from ingest.clocks import Clocks
from ingest.decoder import Decoded, Decoder
from ingest.devices import DeviceDecoder
from ingest.replay import Replayed, replay
from ingest.service import Ingest
from tests.api.running import small_city
from tests.ingest.devices import NOW, Stopped, Table, device
from tests.ingest.test_telemetry import rows, telemetry
from zenata.wire import topics
from zenata.wire.mqtt import Message

TIME = 1767225600
PAYLOADS = {
    "auto": b'{"level": %g, "time": 1767225600}',
    "senml": b'[{"n": "level", "v": %g, "t": 1767225600}]',
    "influx": b"m,device=roof level=%g 1767225600000000000",
    "things": b'{"ts": 1767225600000, "values": {"level": %g}}',
}


class Rig:
    """A decoder as ingest has it, and its store."""

    def __init__(self, store, codec="auto"):
        self.store = store
        self.table = Table(device(codec="auto" if codec == "things" else codec))
        clock = ArrivalClock(Stopped())
        self.decoder = Decoder(
            small_city(), Clocks(), lambda catalog: DeviceDecoder(self.table, catalog, store.catalog), clock, store
        )
        self.clock = clock

    def send(self, *payloads, again=False, arrival=None):
        """Decode messages as one batch and store it; return what they became."""
        decoded = Decoded(self.decoder.catalog)
        for payload in payloads:
            message = Message(topics.device("alpha", "roof"), payload, 1, 1)
            self.decoder.add_device(decoded, message, arrival or self.clock.next(), again=again)
        self.store.append(decoded.batch(), decoded.dead_letters)
        self.decoder.devices.after_stored()
        return decoded

    @property
    def seen(self):
        return self.table.seen["alpha", "roof"]


@pytest.mark.parametrize("codec", PAYLOADS)
def test_t14_another_value_for_a_stored_time_is_a_dead_letter_that_names_both(store, codec):
    rig = Rig(store, codec)
    rig.send(PAYLOADS[codec] % 1)
    decoded = rig.send(PAYLOADS[codec] % 2)
    (dead_letter,) = decoded.dead_letters
    assert (len(decoded.batch()), dead_letter.code) == (0, "time")
    assert "2 is not stored, as 1 is at 2026-01-01T00:00:00Z" in dead_letter.reason
    assert [value for _, value in rows(store)] == [1]


@pytest.mark.parametrize("codec", PAYLOADS)
def test_what_comes_again_with_its_own_time_is_not_counted(store, codec):
    rig = Rig(store, codec)
    first = rig.send(PAYLOADS[codec] % 1)
    assert (first.messages, rig.seen.messages, rig.seen.readings) == (1, 1, 1)
    second = rig.send(PAYLOADS[codec] % 1)
    assert (second.messages, second.repeated, second.dead_letters) == (0, 1, [])
    assert (rig.seen.messages, rig.seen.readings) == (0, 0)
    assert len(rows(store)) == 1


def test_t14_within_a_batch_that_is_not_stored_yet_too(store):
    rig = Rig(store)
    decoded = rig.send(*(PAYLOADS["auto"] % value for value in (1, 1, 2)))
    assert (decoded.messages, decoded.repeated, len(decoded.batch())) == (2, 1, 1)
    assert [dead_letter.code for dead_letter in decoded.dead_letters] == ["time"]


def test_of_a_message_that_repeats_a_part_the_rest_is_stored(store):
    rig = Rig(store)
    rig.send(b'{"a": 1, "b": 1, "time": 1767225600}')
    decoded = rig.send(b'{"a": 1, "b": 2, "c": 3, "time": 1767225600}')
    (dead_letter,) = decoded.dead_letters
    assert (decoded.messages, decoded.repeated, len(decoded.batch()), dead_letter.code) == (1, 1, 1, "part")
    assert dead_letter.reason.startswith("stored, but for b: 2 is not stored, as 1 is at")
    assert rows(store) == [("a", 1), ("b", 1), ("c", 3)]


def test_what_the_broker_delivers_again_is_left_alone_once_it_is_stored(store):
    rig = Rig(store)
    rig.send(PAYLOADS["auto"] % 1)
    for payload in (b'{"door": true}', PAYLOADS["auto"] % 2, b"no JSON"):
        first = rig.send(payload, arrival=NOW + 21)
        assert first.messages == 1
        second = rig.send(payload, again=True, arrival=NOW + 21)
        assert (second.messages, len(second.batch()), second.dead_letters) == (0, 0, [])


def test_a_dead_letter_that_was_not_stored_before_a_kill_is_stored_when_it_comes_again(store):
    rig = Rig(store)
    rig.send(PAYLOADS["auto"] % 1)
    (dead_letter,) = rig.send(PAYLOADS["auto"] % 2, again=True, arrival=NOW + 21).dead_letters
    assert dead_letter.code == "time"


def test_a_replay_does_not_take_a_contradiction_for_mended(store):
    rig = Rig(store)
    rig.send(PAYLOADS["auto"] % 1)
    rig.send(PAYLOADS["auto"] % 2)

    def devices(catalog):
        return DeviceDecoder(rig.table, catalog, store.catalog)

    assert replay(small_city(), store, Clocks(), devices=devices) == Replayed(mended=0, dead=1)
    assert [value for _, value in rows(store)] == [1]


def test_t14_over_http_a_contradiction_is_answered(store):
    table = Table(device())
    taker = telemetry(store, table)
    taker.document("alpha", "roof", PAYLOADS["auto"] % 1)
    answer = taker.document("alpha", "roof", PAYLOADS["auto"] % 2)
    assert [one.code for one in answer.rejections] == ["time"]
    assert store.dead_letters()[0].code == "time"
    part = taker.document("alpha", "roof", b'{"level": 2, "other": 1, "time": 1767225600}')
    assert (part.readings, part.left_out, part.rejections) == (1, ("level",), ())
    again = taker.document("alpha", "roof", PAYLOADS["auto"] % 1)
    assert (again.readings, again.rejections) == (1, ())
    assert (table.seen["alpha", "roof"].messages, table.seen["alpha", "roof"].readings) == (0, 0)


def test_t14_of_lines_over_http_the_one_that_contradicts_is_named(store):
    taker = telemetry(store, Table(device()))
    taker.lines("alpha", None, PAYLOADS["influx"] % 1, "ns")
    lines = b"\n".join((PAYLOADS["influx"] % 1, PAYLOADS["influx"] % 2, b"m,device=roof level=3 1767225601000000000"))
    answer = taker.lines("alpha", None, lines, "ns")
    assert [(one.line, one.code) for one in answer.rejections] == [(2, "time")]
    assert [value for _, value in rows(store)] == [1, 3]


class Overtaken:
    """A store into which somebody else writes the level of the same time just before each append, once."""

    def __init__(self, store, payload):
        self._store, self._payload = store, payload

    def __getattr__(self, name):
        return getattr(self._store, name)

    def append(self, batch, dead_letters=()):
        if self._payload and len(batch):
            payload, self._payload = self._payload, b""
            Rig(self._store).send(payload)
        return self._store.append(batch, dead_letters)


OTHER = b'{"level": 9, "time": 1767225600}'


@pytest.mark.parametrize("codec", PAYLOADS)
def test_what_somebody_was_faster_than_is_named_over_http(store, codec):
    stored = []
    taker = telemetry(Overtaken(store, OTHER), Table(device()), on_stored=stored.append)
    payload = (PAYLOADS[codec] % 1).replace(b"m,", b"device,")
    result = (
        taker.lines("alpha", None, payload, "ns") if codec == "influx" else taker.document("alpha", "roof", payload)
    )
    assert (result.readings, rows(store)) == (0, [("level", 9.0)])
    assert "1 is not stored, as 9 is at" in result.rejections[0].reason
    assert len(store.dead_letters()) == (codec != "influx")  # a line is named in the answer alone
    assert not any(len(batch) for batch in stored)


def test_of_what_somebody_was_faster_than_the_rest_is_stored_and_streamed(store):
    stored = []
    taker = telemetry(Overtaken(store, OTHER), Table(device()), on_stored=stored.append)
    result = taker.document("alpha", "roof", b'{"level": 1, "door": true, "time": 1767225600}')
    assert (result.readings, result.left_out, result.rejections) == (1, ("level",), ())
    assert [batch.value.tolist() for batch in stored] == [[1.0]]


@pytest.mark.parametrize(("value", "dead_letters"), [(9, 0), (1, 1)])
def test_what_http_was_faster_than_is_a_dead_letter_over_mqtt(store, value, dead_letters):
    """The same value once more is not."""
    stored = []
    table = Table(device())
    overtaken = Overtaken(store, OTHER)
    ingest = Ingest(
        city=small_city(),
        store=overtaken,
        subscription=None,
        clock=Stopped(),
        on_stored=stored.append,
        devices=lambda catalog: DeviceDecoder(table, catalog, store.catalog),
    )
    message = Message(topics.device("alpha", "roof"), PAYLOADS["auto"] % value, 0, 1)
    other = Message(topics.device("alpha", "roof"), b'{"door": true}', 0, 1)
    assert ingest._store_all([message, other], threading.Event())
    found = store.dead_letters()
    assert [(one.code, one.sensor) for one in found] == [("time", "roof")] * dead_letters
    assert all("1 is not stored, as 9 is at" in one.reason for one in found)
    assert (ingest.counters.readings, ingest.counters.dead_letters) == (1, dead_letters)
    assert [batch.value.tolist() for batch in stored] == [[1.0] if dead_letters else [9.0, 1.0]]
