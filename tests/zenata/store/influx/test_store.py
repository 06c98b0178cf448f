"""What only the InfluxDB store has: a server, points of several readings, other writers, and no transactions."""

import itertools
import time
from contextlib import closing
from functools import partial

import numpy as np
import pytest

from tests.waiting import wait_until
from tests.zenata.store.data import (
    AIR,
    ALWAYS,
    NOON,
    Row,
    balance,
    batch_of,
    by_identity,
    contents,
    rows_of,
    series_of,
    some_rows,
)
from tests.zenata.store.influxd import other_url, running, token_of
from zenata.city.readings import Catalog, Selection, Series
from zenata.errors import QueryTooHeavy, StoreAwayError, StoreError
from zenata.store.base import AGGREGATES, Query
from zenata.store.dead_letters import DeadLetter
from zenata.store.duckdb.store import DuckDBStore
from zenata.store.influx import http as influx_http
from zenata.store.influx import read as influx_read
from zenata.store.influx import store as backend
from zenata.store.influx.flavours import find_server
from zenata.store.influx.sql import SERIES, identifier
from zenata.store.retention import DAY

_OURS = pytest.mark.parametrize("url", ["influxdb"], indirect=True)
"""For tests that say in InfluxQL what only version 1 does."""

SECOND = 1_000_000

_databases = (f"own-{number}" for number in itertools.count())


@pytest.fixture(params=["influxdb", *(["influxdb-url"] if other_url("x") else [])])
def url(request) -> str:
    name = next(_databases)
    if request.param == "influxdb-url":
        return str(other_url(name))
    return f"influxdb://127.0.0.1:{request.getfixturevalue('influxd').port}/{name}"


def InfluxStore(url: str) -> backend.InfluxStore:  # noqa: N802 - it stands for the class
    """Open a store, with the token of its server."""
    return backend.InfluxStore(url, token_of(url))


eventually = partial(wait_until, what="another writer sees it", pause=0.05)


def points(store: backend.InfluxStore, kind: str = "air") -> list[list]:
    """Return the points of a measurement, as the server has them."""
    (found,) = store._server.query([f'SELECT * FROM "{kind}"'])  # noqa: S608
    return [row for part in found for row in part.values]


def test_the_readings_of_a_message_are_one_point(url):
    with closing(InfluxStore(url)) as store:
        assert store.append(batch_of(Row(one, NOON, 1.5, 7) for one in AIR)) == 3
        assert len(points(store)) == 1
        assert sorted(map(str, points(store)[0])) == sorted(
            map(str, [NOON * 1000, "coast", 1.5, 1.5, 1.5, "air-0000", 7, "zenata"])
        )


def test_readings_of_several_messages_in_one_point_keep_their_numbers(url):
    no2, pm25, o3 = AIR
    rows = [Row(no2, NOON, 1.0, 1), Row(pm25, NOON, 2.0, 2), Row(o3, NOON, 3.0, 3), Row(o3, NOON + 1, 4.0, 4)]
    for number in range(2):
        with closing(InfluxStore(url)) as store:
            if number == 0:
                assert store.append(batch_of(rows[:2])) == 2
                assert store.append(batch_of(rows[2:])) == 2
            assert len(points(store)) == 2
            assert contents(store) == sorted(rows, key=by_identity)
            assert balance(store) == (4, 0, 0, 0)


@pytest.mark.parametrize(
    "words",
    [
        ("w'; DROP DATABASE x; --", 'air" OR 1=1', "no 2,a=b", "ai r,k=v", "la'ferme", "µg/m³\n", "o,w=n er"),
        ("غير", "capteur-é", "time", "seq", "world", "", ""),
        ("zenata", "air-1", "seq", "air", "coast", '"', "demo"),
    ],
)
def test_words_go_in_and_come_out_as_they_are(url, words):
    rows = [Row(Series(*words), NOON + step, float(step), step + 1) for step in range(3)]
    for number in range(2):
        with closing(InfluxStore(url)) as store:
            assert store.append(batch_of(rows)) == (0 if number else 3)
            assert store.catalog.since(0) == [Series(*words)]
            assert contents(store) == rows
            selection = Selection(worlds=words[:1], sensors=words[1:2], districts=words[4:5])
            table = store.query(Query(selection=selection, aggregates=("max", "p95"), **ALWAYS))
            assert table.columns["max"].tolist() == [2.0]


@pytest.mark.parametrize("bad", ["air\nnoise,x=1 y=2 0", "air\\", "\x00", "\ud800", ""])
def test_words_that_line_protocol_cannot_say_are_refused(url, bad):
    with closing(InfluxStore(url)) as store:
        with pytest.raises(StoreError, match="cannot keep a series named"):
            store.append(batch_of([Row(Series("zenata", bad, "no2", "air", "coast", "ug/m3"), NOON, 1.0, 1)]))
        assert contents(store) == []


def test_what_the_server_refuses_becomes_dead_letters_and_the_rest_is_stored(url):
    """Somebody has written text where we write numbers, so the server takes no number there."""
    rows = some_rows(series_of(9), [NOON, NOON + 1])
    with closing(InfluxStore(url)) as store:
        store._server.insist([f'air no2="text" {NOON}000'])
        assert store.append(batch_of(rows)) == 12
        stored = [row for row in rows if row.series.kind != "air"]
        assert contents(store) == sorted(stored, key=by_identity)
        assert {row.series.kind for row in rows_of(store.latest(Selection()))} == {"noise", "crowd"}
        dead_letters = store.dead_letters(payloads=True)
        assert {(dead_letter.sensor, dead_letter.seq, dead_letter.code) for dead_letter in dead_letters} == {
            (row.series.sensor, row.seq, "schema") for row in rows if row.series.kind == "air"
        }
        assert all("field type conflict" in dead_letter.reason for dead_letter in dead_letters)
        (one,) = {dead_letter.topic for dead_letter in dead_letters if dead_letter.sensor == "air-0000"}
        assert one == "zenata/telemetry/la-ferme/air/air-0000"
        assert dead_letters[-1].payload.startswith(
            b"air,district=la-ferme,owner=demo,sensor=air-0000,world=zenata no2="
        )
        assert balance(store) == (12, 6, 0, 0)


def test_a_server_that_was_killed_is_waited_for_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(influx_http, "PATIENCE", 0.2)
    catalog, batches = Catalog(), [some_rows(series_of(50), [NOON + step]) for step in range(6)]
    with running(tmp_path) as server, closing(InfluxStore(f"influxdb://127.0.0.1:{server.port}/killed")) as store:
        for step, rows in enumerate(batches):
            assert store.append(batch_of([row._replace(seq=step + 1) for row in rows], catalog)) == 50
            server.kill()
            if step == 3:
                with pytest.raises(StoreError, match="cannot be reached"):
                    store.append(batch_of(batches[4], catalog))
                with pytest.raises(StoreError, match="cannot be reached"):
                    contents(store)
            server.start()
        assert len(contents(store)) == 300
        assert balance(store) == (300, 0, 0, 0)


@pytest.mark.parametrize("reopened", [False, True])
def test_an_append_that_failed_half_way_is_completed_by_the_same_again(url, monkeypatch, reopened):
    rows = [Row(one, NOON + step, float(step), step + 1) for one in AIR for step in range(3)]
    dead_letter = DeadLetter(received=NOON, topic="zenata/telemetry", payload=b"{", code="schema", reason="no pack")
    store = InfluxStore(url)
    store.append(batch_of(rows[:4]))
    with monkeypatch.context() as patch:
        patch.setattr(store._writer, "_enter", lambda *_: (_ for _ in ()).throw(StoreError("killed")))
        with pytest.raises(StoreError, match="killed"):
            store.append(batch_of(rows), [dead_letter])
    if reopened:
        store.close()
        store = InfluxStore(url)
    store.append(batch_of(rows), [dead_letter])
    assert contents(store) == sorted(rows, key=by_identity)
    assert store.dead_letters(payloads=True) == [dead_letter]
    assert balance(store)[:3] == (3, 0, 0)
    store.close()


def test_an_entry_that_is_not_whole_is_not_entered(url):
    with closing(InfluxStore(url)) as store:
        store.append(batch_of(some_rows(series_of(2), [NOON])))
        store._server.insist([f'zenata.entries,writer=x part=0i,parts=2i,data="eJw" {time.time_ns()}'])
        store._server.insist([f'zenata.ledger,writer=x part=1i,parts=2i,data="eJw" {time.time_ns() + 10**12}'])
    with closing(InfluxStore(url)) as store:
        assert balance(store) == (2, 0, 0, 0)


def test_accounts_are_there_after_a_crash_and_after_any_number_of_folds(url):
    """A store that is not closed leaves its entries, which the next one enters; one that is closed leaves accounts."""
    crashed = [InfluxStore(url) for _ in range(2)]
    for number, store in enumerate(crashed):
        store.append(batch_of([Row(AIR[0], NOON + number, 1.0, number + 1)]))
    for number in range(2, 5):
        with closing(InfluxStore(url)) as store:
            assert balance(store) == (number, 0, 0, 0)
            store.append(batch_of([Row(AIR[0], NOON + number, 1.0, number + 1)]))
            store._journal.fold()
    with closing(InfluxStore(url)) as store:
        assert balance(store) == (5, 0, 0, 0)
    for store in crashed:
        store.close()


def test_writers_that_share_a_database_follow_each_other(url):
    with closing(InfluxStore(url)) as one, closing(InfluxStore(url)) as other:
        rows = some_rows(series_of(4), [NOON, NOON + 1])
        one.append(batch_of(rows))
        eventually(lambda: balance(other) == (8, 0, 0, 0))
        assert other.catalog.since(0) == one.catalog.since(0)
        eventually(lambda: rows_of(other.latest(Selection())) == rows[4:])
        assert other.append(batch_of(rows)) == 0
        eventually(lambda: balance(one) == (8, 0, 0, 8))
        other.forget("zenata")
        eventually(lambda: balance(one) == (0, 0, 0, 0) and not len(one.latest(Selection())))
        assert one.append(batch_of(rows[:4])) == 4
        eventually(lambda: rows_of(other.latest(Selection())) == rows[:4])


def test_duckdb_and_influxdb_give_the_same_answers(url, tmp_path):
    rng = np.random.default_rng(5)
    times = NOON + rng.choice(86_400 * SECOND, 300, replace=False)
    rows = [Row(series, int(moment), float(rng.normal(20, 5)), 1) for moment in times for series in series_of(6)]
    with closing(InfluxStore(url)) as influx, closing(DuckDBStore(tmp_path / "day.duckdb")) as duck:
        for first in range(0, len(rows), 400):
            assert influx.append(batch_of(rows[first : first + 400])) == duck.append(
                batch_of(rows[first : first + 400])
            )
        for aggregates, every, limit in (((), None, 700), (AGGREGATES, 3600 * SECOND, 50), (AGGREGATES, None, 9)):
            query = Query(selection=Selection(), aggregates=aggregates, every=every, limit=limit, **ALWAYS)
            ours, theirs = influx.query(query), duck.query(query)
            assert ours.more == theirs.more
            assert (ours.series.tolist(), ours.time.tolist()) == (theirs.series.tolist(), theirs.time.tolist())
            for name, column in theirs.columns.items():
                np.testing.assert_allclose(ours.columns[name], column, rtol=1e-12)


def test_a_quantile_of_too_much_is_given_up(url, monkeypatch):
    monkeypatch.setattr(influx_read, "MAX_QUANTILE_READINGS", 10)
    with closing(InfluxStore(url)) as store:
        store.append(batch_of(some_rows(series_of(3), range(NOON, NOON + 4))))
        with pytest.raises(QueryTooHeavy, match="fewer series"):
            store.query(Query(selection=Selection(), aggregates=("p95",), **ALWAYS))


@_OURS
def test_readings_older_than_the_retention_are_counted_and_hold_up_nothing(url):
    """The others are stored, in few requests, and the ledger balances."""
    name = url.rpartition("/")[2]
    find_server(url, None).query([f'ALTER RETENTION POLICY autogen ON "{name}" DURATION 1h SHARD DURATION 1h'])
    now = time.time_ns() // 1000
    old = [now - 10 * DAY + step for step in range(4000)]
    with closing(InfluxStore(url)) as store:
        series = [*series_of(1), *series_of(1, "w-a")]
        rows = some_rows(series, [*old, *range(now, now + 100)])
        requests = []
        write = store._server.write
        store._server.write = lambda body, **more: requests.append(len(body)) or write(body, **more)
        assert store.append(batch_of(rows)) == 200
        assert len(requests) < 12
        assert len(contents(store)) == 200
        dead = store.dead_letters()
        assert {one.topic.partition("/")[0] for one in dead} == {"zenata", "w-a"}
        assert {one.code for one in dead} == {"retention"}
        assert all("3999 other points are too old to be stored" in one.reason for one in dead)
        for world in ("zenata", "w-a"):
            assert balance(store, world) == (100, 4000, 0, 0)


def test_a_server_that_is_away_at_the_start_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(influx_http, "PATIENCE", 0.1)
    rows = some_rows(series_of(2), [NOON, NOON + 1])
    with running(tmp_path) as server:
        url = f"influxdb://127.0.0.1:{server.port}/away"
        with closing(InfluxStore(url)) as store:
            store.append(batch_of(rows[:2]))
        server.kill()
        with closing(InfluxStore(url)) as store:
            for use in (store.check, store.dead_letters, lambda: store.append(batch_of(rows)), lambda: contents(store)):
                with pytest.raises(StoreAwayError, match="not reached yet"):
                    use()
            assert store.ledger.worlds() == []
            assert rows_of(store.latest(Selection())) == []
            server.start()
            eventually(lambda: store._connected)
            assert store.append(batch_of(rows)) == 2
            assert contents(store) == sorted(rows, key=by_identity)
            assert balance(store) == (4, 0, 0, 2)
            store.check()


@_OURS
def test_series_are_described_again_when_the_database_was_made_again(url, monkeypatch):
    monkeypatch.setattr(backend, "_DESCRIBE_ROUNDS", 1)
    rows = some_rows(series_of(3), [NOON, NOON + 1])
    with closing(InfluxStore(url)) as store:
        store.append(batch_of(rows[:3]))
        store._server.query([f'DROP DATABASE "{url.rpartition("/")[2]}"'])
        assert store.append(batch_of(rows[3:])) == 3
        described = f"SELECT world FROM {identifier(SERIES)}"  # noqa: S608 - no input
        eventually(lambda: sum(len(part.values) for part in store._server.query([described])[0]) == 3)
    with closing(InfluxStore(url)) as store:
        assert contents(store) == sorted(rows[3:], key=by_identity)


def test_readings_that_a_broker_sends_again_are_known_without_asking_the_server(url, monkeypatch):
    rows = some_rows(series_of(5), range(NOON, NOON + 20))
    with closing(InfluxStore(url)) as store:
        for _ in range(3):
            store.append(batch_of(rows))
            monkeypatch.setattr(store._reader, "between", None)
        assert store.append(batch_of([*rows, *some_rows(series_of(5), [NOON + 30])])) == 5
        assert len(contents(store)) == 105
