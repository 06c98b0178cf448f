"""Whatever is killed, and whenever: every message of every sensor is in the store exactly once."""

import duckdb
import numpy as np
import pytest

from tests.system.readings import START, opened, simulated
from tests.system.running import SMALL, RunningCity, running_city
from tests.waiting import wait_until
from zenata.city.clock import format_time, parse_time
from zenata.city.kinds import KINDS


@pytest.mark.slow
def test_every_message_is_stored_exactly_once(tmp_path):
    folder = tmp_path / "data"
    with running_city(folder, *SMALL, "--start", START, "--speed", "60", "--seed", "1") as city:
        for victims in (["broker"], ["api"], ["broker", "api"]):
            city.kill(*victims)
            city.wait_for_more()
        checkpoint = folder / "worlds" / "zenata" / "checkpoint.npz"
        wait_until(checkpoint.exists, "there is a checkpoint")
        city.wait_for_more()
        city.kill("simulators")
        city.wait_for_more()
        end = parse_time(city.newest())
        expected = simulated(folder, end)
        # Some of what was observed before is said later, so there may be more.
        wait_until(lambda: stored_before(city, end) >= len(expected["value"]), "all that was published is stored")
        city.halt()
    with opened(folder) as store:
        assert duplicates(store) == []
        assert misnumbered(store) == []
        assert incomplete(store) == []
        assert differences(store, expected) == []
        assert store.execute("SELECT topic, reason FROM dead_letters").fetchall() == []


def stored_before(city: RunningCity, end: int) -> int:
    """Count the readings that the API knows from before `end` [us]."""
    counts = city.get(f"/v1/readings?agg=count&start={START}&end={format_time(end)}")["items"]
    return sum(item["count"] for item in counts)


def duplicates(store: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Series that have two readings of one time."""
    return store.execute(
        "SELECT sensor, property, time, count(*) FROM stored GROUP BY ALL HAVING count(*) > 1 LIMIT 10"
    ).fetchall()


def misnumbered(store: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Series of which the numbers are not 1, 2, 3, ..., each once."""
    return store.execute(
        "SELECT sensor, property, time, seq, row_number() OVER (PARTITION BY sensor, property ORDER BY seq) AS number "
        "FROM stored QUALIFY seq <> number LIMIT 10",
    ).fetchall()


def incomplete(store: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Messages that do not have one reading for every property of their kind."""
    kinds = {"kind": np.array(list(KINDS), dtype=object), "size": np.array([len(k.properties) for k in KINDS.values()])}
    store.register("kinds", kinds)
    return store.execute(
        "SELECT sensor, seq, count(*), count(DISTINCT property) FROM stored JOIN kinds USING (kind) "
        "GROUP BY sensor, seq, size HAVING count(*) <> size OR count(DISTINCT property) <> size LIMIT 10"
    ).fetchall()


def differences(store: duckdb.DuckDBPyConnection, expected: dict[str, np.ndarray]) -> list[tuple]:
    """Readings that are stored but were never said, or said but not stored, up to the last number of each sensor."""
    store.register("published", expected)
    store.execute(
        "CREATE TEMP TABLE stored_now AS SELECT sensor, property, time, value, stored.seq FROM stored "
        "JOIN (SELECT sensor, max(seq) AS last FROM published GROUP BY sensor) USING (sensor) WHERE stored.seq <= last"
    )
    return store.execute(
        "(FROM stored_now EXCEPT ALL FROM published) UNION ALL (FROM published EXCEPT ALL FROM stored_now) LIMIT 10"
    ).fetchall()
