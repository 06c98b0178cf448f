"""Ranges, buckets and what an answer says of itself."""

import io

import httpx
import numpy as np
import pytest

from api.http.pools import HeavyQueries
from api.http.problems import Problem
from tests.api.running import (
    MINUTE,
    MINUTES,
    START,
    WORLD,
    Api,
    batch_of,
    running,
    series_of,
    small_city,
)
from zenata.city.clock import SECOND, format_time, parse_time
from zenata.city.readings import Catalog, ReadingBatch, Series

NEWEST = START + (MINUTES - 1) * MINUTE
ONE = {"sensor": "noise-0001", "property": "laeq"}


def times(client: httpx.Client, **params: object) -> list[str]:
    answer = client.get("/v1/readings", params=ONE | params)
    assert answer.status_code == 200, answer.text
    return [row["time"] for row in answer.json()["items"]]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z"),
        ("1767226200", "1767226800"),
        ("1767226200000", "1767226800000"),
        ("1767226200000000000", "1767226800.0"),
        ("2026-01-01T00:10:00", "2026-01-01 00:20"),
    ],
)
def test_z4_ranges_in_every_form(client: httpx.Client, start: str, end: str) -> None:
    assert times(client, start=start, end=end) == [format_time(START + minute * MINUTE) for minute in range(10, 20)]


@pytest.mark.parametrize("start", ["-90min", "now-90min", "-PT1H30M", "-5400", "-1.5h"])
def test_z4_relative_ranges_in_every_form(client: httpx.Client, start: str) -> None:
    assert len(times(client, start=start)) == 90


@pytest.mark.parametrize("every", ["60", "60s", "1min", "PT1M", "60 seconds"])
def test_z4_widths_in_every_form(client: httpx.Client, every: str) -> None:
    assert len(times(client, start="-1h", every=every)) == 60


@pytest.mark.parametrize("start", ["yesterday", "-1mo", "1e9", "17"])
def test_z4_other_forms_are_refused_by_a_text_that_says_which_there_are(client: httpx.Client, start: str) -> None:
    answer = client.get("/v1/readings", params={"start": start})
    assert answer.status_code == 422
    assert all(word in answer.json()["detail"] for word in ("RFC 3339", "-90min", "since 1970"))


def test_z5_a_time_without_a_zone_is_utc_and_the_answer_says_so(client: httpx.Client) -> None:
    naive = client.get("/v1/readings", params=ONE | {"start": "2026-01-01T00:10:00"})
    exact = client.get("/v1/readings", params=ONE | {"start": "2026-01-01T00:10:00Z"})
    assert naive.json() == exact.json()
    assert naive.headers["zenata-assumed-zone"] == "UTC"
    assert "zenata-assumed-zone" not in exact.headers


def test_z6_a_world_of_another_time_is_asked_by_its_own_clock(client: httpx.Client) -> None:
    params = ONE | {"world": "w-1"}
    answer = client.get("/v1/readings", params=params)
    assert answer.json()["end"] == format_time(START + 1)
    late = client.get("/v1/readings", params=params | {"start": "2026-07-01T00:00:00Z"})
    assert late.status_code == 422
    assert f"the newest reading, at {format_time(START)}" in late.json()["detail"]


def test_q3_the_answer_says_from_when_there_are_readings(client: httpx.Client) -> None:
    short = client.get("/v1/readings", params=ONE | {"start": "-30d"})
    assert format_time(START) in short.json()["note"]
    assert short.headers["zenata-note"] == short.json()["note"]
    assert "note" not in client.get("/v1/readings", params=ONE | {"start": "-1h"}).json()
    empty = client.get("/v1/readings", params=ONE | {"start": "2025-01-01", "end": "2025-01-02"})
    assert format_time(NEWEST) in empty.json()["note"]


@pytest.mark.parametrize("start", ["-1h", "2026-01-01T00:30:00Z", "1767227400"])
def test_q9_an_aggregate_without_width_begins_at_the_start_that_was_requested(client: httpx.Client, start: str) -> None:
    expected = format_time(NEWEST - 60 * MINUTE) if start == "-1h" else "2026-01-01T00:30:00Z"
    answer = client.get("/v1/readings", params=ONE | {"agg": "mean", "start": start}).json()
    assert [row["time"] for row in answer["items"]] == [expected] == [answer["start"]]


def test_two_relative_ranges_in_a_row_share_no_reading(client: httpx.Client) -> None:
    later, earlier = times(client, start="-10min"), times(client, start="-20min", end="-10min")
    assert len(later) == len(earlier) == 10
    assert not set(later) & set(earlier)


@pytest.fixture(scope="module")
def days():
    """Readings each half hour over the change of 2026-03-22, when the city's clock goes on from +1 to 0 at Ramadan's end."""
    catalog = Catalog()
    number = catalog.intern(Series(WORLD, "noise-0001", "laeq", "noise", "la-ferme", "dB"))
    begin = parse_time("2026-02-10T00:00:00Z")
    time = np.arange(begin, begin + 20 * 86_400 * SECOND, 1800 * SECOND)
    batch = ReadingBatch(
        catalog=catalog,
        series=np.full(len(time), number, dtype=np.int32),
        time=time,
        value=np.ones(len(time)),
        seq=np.arange(1, len(time) + 1),
    )
    with running() as api:
        api.store.append(batch)
        yield api


def test_z3_days_are_the_citys_and_the_answer_says_so(days: Api) -> None:
    params = {"start": "2026-02-11T00:00:00Z", "end": "2026-02-14T00:00:00Z", "every": "1d", "agg": "count"}
    with days.client() as client:
        city = client.get("/v1/readings", params=params)
        utc = client.get("/v1/readings", params=params | {"tz": "UTC"})
        hours = client.get("/v1/readings", params=params | {"every": "1h"})
        kathmandu = client.get("/v1/readings", params=params | {"every": "1h", "tz": "Asia/Kathmandu"})
    assert (city.json()["zone"], city.headers["zenata-zone"]) == ("Africa/Casablanca", "Africa/Casablanca")
    assert city.json()["items"][1]["time"] == "2026-02-11T23:00:00Z"  # midnight at UTC+1
    assert [row["time"][11:] for row in utc.json()["items"]] == ["00:00:00Z"] * 3
    assert utc.json()["zone"] == hours.json()["zone"] == "UTC"
    assert kathmandu.json()["items"][0]["time"].endswith(":15:00Z")


def test_z3_weeks_begin_on_monday_and_a_day_may_have_25_hours(days: Api) -> None:
    import pandas as pd

    with days.client() as client:
        params = {"start": "2026-02-11T00:00:00Z", "end": "2026-02-28T00:00:00Z", "agg": "count"}
        weeks = client.get("/v1/readings", params=params | {"every": "1w", "tz": "UTC"}).json()["items"]
        items = client.get("/v1/readings", params=params | {"every": "1d"}).json()["items"]
    assert {pd.Timestamp(row["time"]).day_name() for row in weeks} == {"Monday"}
    assert max(row["count"] for row in items) == 50  # Ramadan begins: the clock goes back


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"tz": "Africa/Casablanca"}, "tz"),
        ({"tz": "Mars/Olympus", "every": "1d"}, "tz"),
        ({"tz": "Africa/Casablanca", "every": "7h"}, "every"),
    ],
)
def test_zones_that_mean_nothing_are_refused_by_name(
    client: httpx.Client, params: dict[str, str], parameter: str
) -> None:
    answer = client.get("/v1/readings", params=params)
    assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)


@pytest.mark.parametrize("fine", [0, 250_000, 1])
def test_c8_one_answer_has_one_form_of_time(fine: int) -> None:
    import pandas as pd

    batch = batch_of(series_of(small_city())[:1], range(3))
    batch.time[1] += fine
    with running() as api, api.client() as client:
        api.store.append(batch)
        answer = client.get("/v1/readings", params={"start": "2026-01-01"})
        assert len({len(row["time"]) for row in answer.json()["items"]}) == 1
        text = client.get("/v1/readings", params={"start": "2026-01-01", "format": "csv"}).text
        frame = pd.read_csv(io.StringIO(text), parse_dates=["time"])
        assert str(frame["time"].dtype).startswith("datetime64")
        latest = client.get("/v1/latest").json()["items"]
        assert len({len(row["time"]) for row in latest}) == 1


def test_columns_say_what_rows_say(client: httpx.Client) -> None:
    params = {"kind": "air", "start": "-3min"}
    rows = client.get("/v1/readings", params=params).json()
    columns = client.get("/v1/readings", params=params | {"shape": "columns"}).json()
    found = [
        {name: value[row] if isinstance(value, list) else value for name, value in series.items()}
        for series in columns["items"]
        for row in range(len(series["time"]))
    ]
    key = lambda row: (row["time"], row["sensor"], row["property"])  # noqa: E731 - for two lists
    assert sorted(found, key=key) == sorted(rows["items"], key=key)
    assert {name: rows[name] for name in ("start", "end", "next")} == {
        name: columns[name] for name in ("start", "end", "next")
    }
    assert client.get("/v1/readings", params=params | {"shape": "columns", "format": "csv"}).status_code == 422


def test_columns_of_no_readings_are_none(client: httpx.Client) -> None:
    params = {"kind": "air", "start": "2020-01-01", "end": "2020-01-02", "shape": "columns"}
    for aggregate in ({}, {"agg": "mean", "every": "10m"}):
        answer = client.get("/v1/readings", params=params | aggregate)
        assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"kind": "air", "property": "head"}, "pm25"),
        ({"sensor": "noise-0001", "property": "pm25"}, "laeq"),
        ({"sensor": "noise-0001", "kind": "air"}, "noise"),
        ({"sensor": "noise-0001", "district": "coast"}, "la-ferme"),
        ({"kind": "air,noise", "property": "vehicles"}, "laeq"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/readings", "/v1/latest"])
def test_q2_filters_that_fit_no_sensor_together_are_refused_by_what_fits(
    client: httpx.Client, path: str, params: dict[str, str], words: str
) -> None:
    answer = client.get(path, params=params)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_heavy_queries_of_one_pilot_run_one_after_the_other_and_others_still_may() -> None:
    turns = HeavyQueries(slots=2)
    with turns.turn("ada", 10**9):
        with (
            pytest.raises(Problem, match="about 1,000,000,000 readings") as refused,
            turns.turn("ada", 10**9, patience=0.01),
        ):
            pass
        assert refused.value.members == {"quota": "heavy_queries"}
        with turns.turn("ada", 10), turns.turn("ben", 10**9):
            pass
    with turns.turn("ada", 10**9):
        pass
