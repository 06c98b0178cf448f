"""What a world says, straight into a real store."""

import msgspec
import numpy as np
import pytest

from simulators.host import store_writer
from simulators.host.store_writer import Progress, StoreWriter, check_times
from simulators.record.digest import Digest
from simulators.world.emission import Emission
from simulators.world.world import TICK, World
from tests.zenata.store.data import Row, contents
from zenata.city.clock import SECOND, parse_time
from zenata.city.kinds import KINDS
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Series
from zenata.errors import SetupError, StoreError

START = parse_time("2026-01-05T17:00:00Z")
QUARTER = 900 * SECOND


class Lent:
    """A store that stays open when whoever fills it lets go."""

    def __init__(self, store, full: bool = False) -> None:
        self._store, self._full = store, full
        self.batches: list[int] = []

    def append(self, batch):
        if self._full:
            raise StoreError("the disk is full")
        self.batches.append(len(batch))
        return self._store.append(batch)

    def close(self):
        pass


def emissions(city, ticks: int, every: int = QUARTER) -> list[Emission]:
    world = World(city, seed=3, start=START)
    return [world.step(every) for _ in range(ticks)]


def expected(city, emitted: list[Emission], *, numbered: bool) -> list[Row]:
    """Return the readings of emissions, one by one."""
    rows = []
    for emission in emitted:
        for index, number in enumerate(emission.sensors):
            sensor = city.sensors[number]
            values = emission.values[emission.offsets[index] : emission.offsets[index + 1]]
            for property_, value in zip(KINDS[sensor.kind].properties, values, strict=True):
                series = Series("w", sensor.id, property_, sensor.kind, sensor.district, QUANTITIES[property_].unit)
                rows.append(Row(series, int(emission.times[index]), value, int(emission.seq[index]) if numbered else 0))
    return sorted(rows, key=lambda row: (row.series.sensor, row.series.property, row.time))


@pytest.mark.parametrize("numbered", [True, False])
def test_everything_that_is_published_is_stored(city, store, numbered, monkeypatch):
    monkeypatch.setattr(store_writer, "BATCH", 1000)
    emitted, digest, sink = emissions(city, 12), Digest(), Lent(store)
    filler = StoreWriter(city, "w", sink, numbered=numbered, digest=digest)
    for emission in emitted:
        filler.take(emission)
    filler.flush()
    filler.close()
    assert contents(store) == expected(city, emitted, numbered=numbered)
    assert filler.readings == sum(sink.batches) == sum(len(emission.values) for emission in emitted)
    assert len(sink.batches) > 1
    assert all(size >= 1000 for size in sink.batches[:-1])
    plain = Digest()
    for emission in emitted:
        plain.update(emission)
    assert digest.last == plain.last


def test_only_series_that_say_something_are_named(city, store):
    world = World(city, seed=3, start=START, kinds={"air"})
    filler = StoreWriter(city, "w", Lent(store), numbered=True)
    filler.take(world.step(QUARTER))
    filler.flush()
    filler.close()
    assert {series.kind for series in store.catalog.since(0)} == {"air"}


def test_a_store_that_fails_is_reported(city, store):
    filler = StoreWriter(city, "w", Lent(store, full=True), numbered=True)
    filler.take(emissions(city, 1)[0])
    with pytest.raises(StoreError, match="full"):
        filler.flush()
    filler.close()
    assert filler.readings == 0


@pytest.mark.parametrize(
    ("end", "every", "message"),
    [
        (START, QUARTER, "the end 2026-01-05T17:00:00Z is not behind the start"),
        (START + QUARTER, 15 * SECOND, "a multiple of 10s"),
        (START + QUARTER, 0, "a multiple of 10s"),
        (START + QUARTER, 3610 * SECOND, "up to 1h"),
    ],
)
def test_times_that_make_no_backfill_are_refused(end, every, message):
    with pytest.raises(SetupError, match=message):
        check_times(START, end, every)


def test_progress_shows_how_long_it_will_take():
    progress = Progress(start=START, end=START + 4 * TICK, at=START, work=4 * TICK)
    assert msgspec.to_builtins(progress.report()) == {
        "from": "2026-01-05T17:00:00Z",
        "to": "2026-01-05T17:00:40Z",
        "at": "2026-01-05T17:00:00Z",
        "readings": 0,
        "eta": None,
    }
    progress.move(START + TICK, TICK)
    progress.move(START + 4 * TICK, 4 * TICK)
    assert progress.eta == 0


def test_rows_are_columns_of_the_types_that_a_store_takes(city):
    batch = store_writer._Columns(city, "w", numbered=True).batch(emissions(city, 2))
    assert [column.dtype for column in (batch.series, batch.time, batch.value, batch.seq)] == [
        np.dtype(np.int32),
        np.dtype(np.int64),
        np.dtype(np.float64),
        np.dtype(np.int64),
    ]
