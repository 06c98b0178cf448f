"""What a city should have said, simulated here, and what its store holds."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import duckdb
import numpy as np

from simulators.record.record import load_secret
from simulators.world.draws import SealedSeed
from simulators.world.world import TICK, World
from tests.zenata.store.data import ALWAYS
from zenata.city.clock import parse_time
from zenata.city.kinds import KINDS
from zenata.city.pack import load_city
from zenata.city.readings import Selection
from zenata.store.base import Query, Store

START = "2026-03-01T06:00:00Z"


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open the store of a city that has stopped, with a view `stored` of its readings and all that describes them."""
    connection = duckdb.connect(str(folder / "readings.duckdb"))
    connection.execute(
        "CREATE TEMP VIEW stored AS SELECT world, sensor, kind, property, epoch_us(time) AS time, value, seq "
        "FROM readings JOIN series ON readings.series = series.id"
    )
    return connection


def simulated(folder: Path, end: int) -> dict[str, np.ndarray]:
    """Return, as columns, every reading that the city of a folder published from `START` up to, but not at, `end` [us]."""
    city = load_city(json.loads((folder / "worlds" / "zenata" / "world.json").read_text())["city"])
    secret = load_secret(folder / "worlds.secret")
    assert secret is not None
    world = World(city, seed=SealedSeed(1, secret), start=parse_time(START))
    names = np.array([sensor.id for sensor in city.sensors], dtype=object)
    properties = [KINDS[sensor.kind].properties for sensor in city.sensors]
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("sensor", "property", "time", "value", "seq")}
    while world.time + TICK < end:
        emission = world.step()
        counts = np.diff(emission.offsets)
        columns["sensor"].append(np.repeat(names[emission.sensors], counts))
        columns["property"].append(np.array([name for n in emission.sensors for name in properties[n]], dtype=object))
        columns["time"].append(np.repeat(emission.times, counts))
        columns["value"].append(emission.values)
        columns["seq"].append(np.repeat(emission.seq, counts))
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def messages(store: Store, gaps: Mapping[str, Sequence[tuple[int, int]]] = MappingProxyType({})) -> int:
    """Count the messages of the city in a store; each is there whole and once, and its numbers are 1, 2, 3 ... but for `gaps`."""
    table = store.query(Query(selection=Selection(worlds=("zenata",)), limit=10**8, **ALWAYS))
    assert not table.more
    order = np.lexsort((table.columns["seq"], table.series))
    numbers, first = np.unique(table.series[order], return_index=True)
    sizes: dict[str, list[int]] = {}
    for number, seq in zip(numbers.tolist(), np.split(table.columns["seq"][order], first[1:]), strict=True):
        sensor = table.catalog[number].sensor
        absent = {n for begin, end in gaps.get(sensor, ()) for n in range(begin, end + 1)}
        expected = [n for n in range(1, int(seq[-1]) + 1) if n not in absent]
        assert seq.tolist() == expected, (sensor, Counter(seq.tolist()).most_common(1))
        sizes.setdefault(sensor, []).append(len(seq))
    assert all(len(set(of)) == 1 for of in sizes.values())
    assert all(len(of) == len(KINDS[sensor.rpartition("-")[0]].properties) for sensor, of in sizes.items())
    return sum(of[0] for of in sizes.values())
