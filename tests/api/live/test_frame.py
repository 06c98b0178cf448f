import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.city.sensor_index import SensorIndex
from api.live.frame import NO_AGE, FrameBuilder
from tests.api.running import MINUTE, START, batch_of, series_of, small_city
from zenata.city.clock import SECOND
from zenata.city.readings import Catalog, Series
from zenata.store.base import Table

CITY = small_city()
SENSORS = SensorIndex(CITY)
BUILDER = FrameBuilder(SENSORS)
AIR = SENSORS.find(kinds=["air"])


def table_of(series: list[Series], times: list[int], values: list[float]) -> Table:
    catalog = Catalog()
    numbers = np.array([catalog.intern(one) for one in series], dtype=np.int32)
    columns = {"value": np.array(values, dtype=np.float64)}
    return Table(catalog=catalog, series=numbers, time=np.array(times, dtype=np.int64), columns=columns)


def decoded(body: bytes, *, changes: bool = False) -> tuple[float, float, int, list, list, list]:
    """Return time [ms], quiet [s], version, indices, values and ages, as a browser reads them."""
    time, quiet, count, version = struct.unpack_from("<ddII", body)
    indices = np.frombuffer(body, "<u4", count, 24).tolist() if changes else []
    start = 24 + 4 * len(indices)
    values = np.frombuffer(body, "<f4", count, start).tolist()
    ages = np.frombuffer(body, "<u2", count, start + 4 * count).tolist()
    assert len(body) == start + 6 * count
    return time, quiet, version, indices, values, ages


@given(
    st.integers(-(10**9), 4 * 10**9),
    st.lists(st.none() | st.tuples(st.integers(-60, 200_000), st.floats(-1e6, 1e6)), min_size=2, max_size=2),
)
def test_a_frame_says_value_and_age_of_each_sensor(now: int, readings: list[tuple[int, float] | None]) -> None:
    pm25 = [one for one in series_of(CITY) if one.property == "pm25"]
    known = [(one, *reading) for one, reading in zip(pm25, readings, strict=True) if reading]
    table = table_of(
        [one for one, _, _ in known], [(now - age) * SECOND for _, age, _ in known], [v for _, _, v in known]
    )
    time, quiet, version, _, values, ages = decoded(BUILDER.encode(BUILDER.frame(table, AIR), now * SECOND, 1.5))
    assert (time, quiet, version) == (now * 1000, 1.5, SENSORS.version)
    assert ages == [NO_AGE if one is None else min(max(one[0], 0), NO_AGE - 1) for one in readings]
    expected = [np.nan if one is None else one[1] for one in readings]
    np.testing.assert_array_equal(np.array(values, "f4"), np.array(expected, "f4"))


def test_changes_name_only_what_has_another_time() -> None:
    pm25 = [one for one in series_of(CITY) if one.property == "pm25"]
    before = BUILDER.frame(table_of(pm25, [START, START], [1, 2]), AIR)
    after = BUILDER.frame(table_of(pm25, [START, START + MINUTE], [1, 3]), AIR)
    _, quiet, _, indices, values, ages = decoded(
        BUILDER.encode(after, START + 2 * MINUTE, changed=after.changed(before)), changes=True
    )
    assert np.isnan(quiet)
    assert (indices, values, ages) == ([1], [3.0], [60])
    assert decoded(BUILDER.encode(after, START, changed=after.changed(after)), changes=True)[3:] == ([], [], [])


def test_a_sensor_that_the_city_has_no_more_is_left_out() -> None:
    gone = Series("zenata", "air-0999", "pm25", "air", "coast", "ug/m3")
    assert np.isnan(BUILDER.frame(table_of([gone], [START], [1]), AIR).values).all()


def test_the_version_follows_the_list() -> None:
    shorter = SensorIndex(type(CITY)(**{**vars(CITY), "sensors": CITY.sensors[:-1]}))
    assert SENSORS.version == SensorIndex(small_city()).version != shorter.version


def test_ten_thousand_sensors_are_sixty_kilobytes_in_a_few_milliseconds_of_arrays() -> None:
    batch = batch_of(series_of(CITY), range(1))
    table = Table(
        catalog=batch.catalog, series=batch.series[:1], time=batch.time[:1], columns={"value": batch.value[:1]}
    )
    assert len(BUILDER.encode(BUILDER.frame(table, np.arange(10_000)), START)) == 60_024
