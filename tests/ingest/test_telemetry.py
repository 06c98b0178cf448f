import threading

import pytest

from ingest.clocks import Clocks
from ingest.devices import DeviceDecoder
from ingest.quotas import Limits, Quotas
from ingest.replay import Replayed, replay
from ingest.telemetry import NOBODY, Telemetry
from tests.api.running import small_city
from tests.ingest.devices import NOW, Stopped, Table, device
from zenata.city.readings import Selection
from zenata.control.device import Seen
from zenata.errors import StoreError
from zenata.store import open_store
from zenata.store.base import Query
from zenata.wire.uplinks.results import TelemetryResult


@pytest.fixture
def table():
    return Table(device(), device("cellar"))


def telemetry(store, table, limits=Limits(1e6, 10**6), on_stored=lambda _: None):  # noqa: B008 - it is never changed
    return Telemetry(register=table, store=store, quotas=Quotas(lambda _: limits), clock=Stopped(), on_stored=on_stored)


def stored(store):
    newest = store.latest(Selection())
    rows = zip(newest.series.tolist(), newest.columns["value"].tolist(), strict=True)
    return {(store.catalog[n].world, store.catalog[n].sensor, store.catalog[n].property): value for n, value in rows}


def test_what_is_answered_is_stored_published_and_seen(store, table):
    batches = []
    answer = telemetry(store, table, on_stored=batches.append).document("alpha", "roof", b'{"level": 2, "note": "x"}')
    assert answer == TelemetryResult(devices=("roof",), readings=1, left_out=("note",))
    assert stored(store) == {("p-alpha", "roof", "level"): 2}
    assert [len(batch) for batch in batches] == [1]
    assert table.seen == {("alpha", "roof"): Seen(time=NOW + 1, messages=1, readings=1, left_out=("note",))}


def test_the_same_again_is_no_news(store, table):
    batches = []
    taker = telemetry(store, table, on_stored=batches.append)
    answers = [taker.lines("alpha", None, b"device,device=roof level=2 1767225600", "s") for _ in range(2)]
    assert answers == [TelemetryResult(devices=("roof",), readings=1)] * 2
    assert len(batches) == 1


def test_what_is_refused_is_a_dead_letter_and_a_replay_mends_it(store, table):
    taker = telemetry(store, Table())
    for name in ("roof", "no word#", None):
        assert taker.document("alpha", name, b'{"level": 2}').rejections[0].code == "device"
    dead_letters = store.dead_letters(topics=["pilots/alpha/"], payloads=True)
    assert sorted(dead_letter.sensor for dead_letter in dead_letters) == sorted([NOBODY, NOBODY, "roof"])
    assert store.ledger.worlds() == []

    def devices(catalog):
        return DeviceDecoder(table, catalog, store.catalog)

    assert replay(small_city(), store, Clocks(), devices=devices) == Replayed(mended=1, dead=2)
    assert stored(store) == {("p-alpha", "roof", "level"): 2}
    assert len(store.dead_letters(payloads=True)) == 2
    assert store.ledger.worlds() == []


def test_a_rejected_message_that_a_broker_delivers_again_is_one_dead_letter(store, table):
    taker, long = telemetry(store, table), b"x" * 100_000
    came = (("one", b"a"), ("one", b"a"), ("one", b"b"), ("other", b"b"), ("one", long), ("one", long))
    rejected = [(f"pilots/alpha/answers/{topic}", payload, "schema", "it is no JSON") for topic, payload in came]
    for some in (rejected[:1], rejected[1:2], rejected[2:]):
        taker.reject(some)
    dead_letters = store.dead_letters(topics=["pilots/alpha/answers/"], payloads=True)
    assert [
        (dead_letter.topic[-3:], dead_letter.payload[:1], dead_letter.size) for dead_letter in reversed(dead_letters)
    ] == [
        ("one", b"a", 1),
        ("one", b"b", 1),
        ("her", b"b", 1),
        ("one", b"x", 100_000),
    ]


def test_a_dead_letter_is_found_behind_others_and_behind_those_of_topics_that_begin_with_its_own(store, table):
    taker = telemetry(store, table)
    topics = [f"pilots/alpha/answers/{name}" for name in ("t-1", "t-10")]
    one, longer = ((topic, b"{", "schema", "it is no JSON") for topic in topics)
    other = (topics[0], b"[", "schema", "it is no JSON")
    for message in (one, longer, one, other, one):
        taker.reject([message])
    assert len(store.dead_letters()) == 3


def test_dead_letters_of_topics_that_begin_with_another_hide_none_of_it(store, table):
    taker = telemetry(store, table)
    one = ("pilots/alpha/answers/t-1", b"{", "schema", "it is no JSON")
    taker.reject([one])
    taker.reject([("pilots/alpha/answers/t-10", b"%d" % number, "schema", "it is no object") for number in range(100)])
    taker.reject([one])
    assert len(store.dead_letters(topics=[one[0]])) == 1


def test_long_dead_letters_that_differ_beyond_what_is_stored_are_two(store, table):
    taker, begin = telemetry(store, table), b"x" * 50_000
    for end in (b"a", b"b", b"a"):
        taker.reject([("pilots/alpha/answers/t-1", begin + end, "schema", "it is no JSON")])
    assert len(store.dead_letters()) == 2


def test_lines_over_a_quota_are_not_stored_at_all(store, table):
    taker = telemetry(store, table, Limits(10, 1))
    answer = taker.lines("alpha", "roof", b"device a=1,b=2\nbad", "ns")
    assert [rejection.quota for rejection in answer.rejections] == ["points_per_day"]
    assert stored(store) == {}
    assert table.seen == {}


class Failing:
    """A store whose disk is full."""

    def __init__(self, store):
        self.catalog = store.catalog

    def append(self, batch, dead_letters=()):
        raise StoreError("the disk is full")


def test_what_cannot_be_stored_is_not_answered(store, table):
    taker = telemetry(Failing(store), table)
    for payload in (b'{"level": 2}', b"?"):
        with pytest.raises(StoreError):
            taker.document("alpha", "roof", payload)
    assert taker.document("alpha", "cellar", b'{"deviceInfo": {"devEui": "other"}, "margin": 1}').rejections == ()
    assert set(table.seen) == {("alpha", "cellar")}


def test_many_at_once_are_all_kept(store, table):
    taker = telemetry(store, table)
    names = ["roof", "cellar"]

    def say(number):
        for count in range(10):
            taker.document("alpha", names[number % 2], b'{"n%d_%d": %d}' % (number, count, count))

    threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored(store)) == 80


def rows(store):
    table = store.query(Query(selection=Selection(), start=0, end=2 * NOW))
    return [
        (table.catalog[n].property, value)
        for n, value in zip(table.series.tolist(), table.columns["value"].tolist(), strict=True)
    ]


def test_t1_messages_without_a_time_are_all_stored_in_order(store, table):
    taker = telemetry(store, table)
    for value in (1, 0, 1, 1):
        taker.document("alpha", "roof", b'{"door": %d}' % value)
    taker.lines("alpha", "roof", b"device door=0\ndevice door=0\ndevice door=1", "ns")
    assert rows(store) == [("door", value) for value in (1, 0, 1, 1, 0, 0, 1)]


def test_t3_lines_that_differ_in_a_tag_are_two_series(store, table):
    lines = b"climate,device=roof,room=north temp=20 1767225600\nclimate,device=roof,room=south temp=25 1767225600"
    assert telemetry(store, table).lines("alpha", None, lines, "s").readings == 2
    assert sorted(rows(store)) == [("climate/temp;room=north", 20), ("climate/temp;room=south", 25)]


def test_t6_a_unit_that_comes_later_is_the_stored_one(store, table, tmp_path):
    taker = telemetry(store, table)
    taker.document("alpha", "roof", b'{"voltage": 3005}')
    assert [series.unit for series in store.catalog.since(0)] == [""]
    taker.document("alpha", "roof", b'[{"n": "voltage", "u": "mV", "v": 3006}]')
    assert [series.unit for series in store.catalog.since(0)] == ["mV"]
    store.close()
    again = open_store(f"duckdb:///{tmp_path / 'readings.duckdb'}")
    assert [series.unit for series in again.catalog.since(0)] == ["mV"]
    again.close()


def test_t14_the_second_point_of_a_microsecond_is_named(store, table):
    lines = b"m,device=roof v=1 1767225600000000000\nm,device=roof v=2 1767225600000000800"
    answer = telemetry(store, table).lines("alpha", None, lines, "ns")
    assert (answer.readings, [one.line for one in answer.rejections]) == (1, [2])
    assert "to the microsecond" in answer.rejections[0].reason


def test_what_a_failed_store_did_not_take_has_no_name_or_unit(store, table):
    failing = Failing(store)
    taker = telemetry(failing, table)
    with pytest.raises(StoreError):
        taker.document("alpha", "roof", b'[{"n": "level", "u": "m", "v": 1}]')
    failing.append, failing.describe = store.append, store.describe
    assert taker.document("alpha", "roof", b'[{"n": "level", "u": "cm", "v": 100}]').rejections == ()
    assert [series.unit for series in store.catalog.since(0)] == ["cm"]
