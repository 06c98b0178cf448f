import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.http.formats import FORMATS
from tests.api.documents import conforming
from tests.api.running import MINUTE, MINUTES, START, Api, series_of
from zenata.city.clock import format_time
from zenata.contract.base import Page
from zenata.contract.readings import Reading, ReadingsPage

AIR = {"sensor": "air-0001", "property": "pm25"}
PLACE = 2
"""Of AIR among the series: its values are the minute plus a tenth of this."""


def get(client: httpx.Client, path: str, **params: object) -> Page[Reading]:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return conforming(response.json(), ReadingsPage if path == "/v1/readings" else Page[Reading])


def values(page: Page[Reading]) -> list[float | None]:
    return [row.value for row in page.items]


def test_latest_is_the_whole_city_in_one_call(api: Api, client: httpx.Client) -> None:
    page = get(client, "/v1/latest")
    assert len(page.items) == len(series_of(api.city))
    assert {(row.time, row.world) for row in page.items} == {
        (datetime.fromisoformat(format_time(START + (MINUTES - 1) * MINUTE)), "zenata")
    }
    row = next(row for row in page.items if row.sensor == "air-0001" and row.property == "pm25")
    assert row.value == MINUTES - 1 + PLACE / 10
    assert (row.kind, row.district, row.unit, row.seq) == ("air", "la-ferme", "ug/m3", MINUTES)


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"kind": "air"}, lambda s: s.kind == "air"),
        ({"kind": "air,noise"}, lambda s: s.kind in {"air", "noise"}),
        ({"kind": ["air", "noise"]}, lambda s: s.kind in {"air", "noise"}),
        ({"district": "coast", "property": "speed"}, lambda s: s.district == "coast" and s.property == "speed"),
        ({"sensor": "air-0001,air-0002"}, lambda s: s.sensor in {"air-0001", "air-0002"}),
    ],
)
@pytest.mark.parametrize("path", ["/v1/latest", "/v1/readings"])
def test_filters_choose_series(api: Api, client: httpx.Client, path: str, params: dict, wanted) -> None:
    expected = {(s.sensor, s.property) for s in series_of(api.city) if wanted(s)}
    assert {(row.sensor, row.property) for row in get(client, path, **params).items} == expected


def test_worlds_are_apart(client: httpx.Client) -> None:
    assert {row.world for row in get(client, "/v1/latest", world="w-1").items} == {"w-1"}
    assert {row.world for row in get(client, "/v1/latest", world="w-1,zenata").items} == {"w-1", "zenata"}


def test_readings_default_to_the_last_hour_of_the_world(client: httpx.Client) -> None:
    assert values(get(client, "/v1/readings", **AIR)) == [minute + PLACE / 10 for minute in range(60, 120)]
    private = get(client, "/v1/readings", world="w-1", **AIR)
    assert [row.time for row in private.items] == [datetime(2026, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-01-01T00:10:00Z", "2026-01-01T00:13:00Z", range(10, 13)),
        ("2026-01-01T01:10:00+01:00", "2026-01-01T00:13:00Z", range(10, 13)),
        ("-3m", "now", range(117, 120)),
        ("-PT3M", None, range(117, 120)),
        ("-10m", "-5m", range(110, 115)),
        (None, "2026-01-01T00:02:00Z", range(2)),
        ("2020-01-01", "2021-01-01", range(0)),
    ],
)
def test_ranges_begin_with_start_and_stop_before_end(
    client: httpx.Client, start: str | None, end: str | None, minutes: range
) -> None:
    params = {name: text for name, text in (("start", start), ("end", end)) if text}
    assert values(get(client, "/v1/readings", **AIR, **params)) == [minute + PLACE / 10 for minute in minutes]


def test_an_unescaped_plus_is_understood(client: httpx.Client) -> None:
    query = "sensor=air-0001&property=pm25&start=2026-01-01T01:10:00+01:00&end=2026-01-01T00:13:00Z"
    assert len(conforming(client.get(f"/v1/readings?{query}").json(), ReadingsPage).items) == 3


def test_aggregates_replace_the_value(client: httpx.Client) -> None:
    page = get(client, "/v1/readings", start="-2h", every="1h", agg="mean,min,max,sum,count,first,last,p95", **AIR)
    assert [row.time for row in page.items] == [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (0, 1)]
    second = page.items[1]
    minutes = np.arange(60, 120) + PLACE / 10
    assert second.mean == pytest.approx(minutes.mean())
    assert (second.min, second.max, second.first, second.last) == (60.2, 119.2, 60.2, 119.2)
    assert (second.sum, second.count) == (pytest.approx(minutes.sum()), 60)
    assert second.p95 == pytest.approx(np.percentile(minutes, 95), abs=1)
    assert second.value is None


def test_every_alone_means_the_mean(client: httpx.Client) -> None:
    rows = client.get("/v1/readings", params={"start": "-2h", "every": "PT1H", **AIR}).json()["items"]
    assert [row["mean"] for row in rows] == pytest.approx([29.7, 89.7])
    assert list(rows[0])[-2:] == ["unit", "mean"]


def test_an_aggregate_without_every_is_one_row_a_series(client: httpx.Client) -> None:
    page = get(client, "/v1/readings", agg=["count", "max"], start="2026-01-01", kind="noise")
    assert [(row.property, row.count) for row in page.items] == [("laeq", MINUTES)]


@pytest.mark.parametrize("path", ["/v1/latest", "/v1/readings"])
@pytest.mark.parametrize("by", ["accept", "parameter"])
def test_every_format_holds_the_same(client: httpx.Client, path: str, by: str) -> None:
    expected = client.get(path, params={"kind": "noise"}).json()["items"]
    contents = {}
    for format_ in FORMATS.values():
        if by == "accept":
            response = client.get(path, params={"kind": "noise"}, headers={"Accept": format_.media_type})
        else:
            response = client.get(path, params={"kind": "noise", "format": format_.name})
        assert response.status_code == 200
        assert response.headers["content-type"].split(";")[0] == format_.media_type
        contents[format_.name] = response.content
    assert expected
    rows = list(csv.DictReader(io.StringIO(contents["csv"].decode())))
    assert rows == [{name: str(value) for name, value in row.items()} for row in expected]
    for table in (pa.ipc.open_stream(contents["arrow"]).read_all(), pq.read_table(io.BytesIO(contents["parquet"]))):
        rows = table.to_pylist()
        assert [row.pop("time") for row in rows] == [
            datetime.fromisoformat(row["time"]).astimezone(UTC) for row in expected
        ]
        assert rows == [{name: value for name, value in row.items() if name != "time"} for row in expected]


@pytest.mark.parametrize("params", [{}, {"every": "7m", "agg": "count,last"}])
@pytest.mark.parametrize("limit", [7, 60, 1000])
def test_pages_have_each_row_once(client: httpx.Client, params: dict[str, str], limit: int) -> None:
    params = {"kind": "air", "start": "-20m", **params}
    everything = get(client, "/v1/readings", **params).items
    page = get(client, "/v1/readings", limit=limit, **params)
    collected = page.items
    while page.next:
        assert len(page.items) == limit
        page = get(client, "/v1/readings", limit=limit, cursor=page.next, **params)
        collected += page.items
    assert collected == everything


def test_csv_pages_follow_the_link_header(client: httpx.Client) -> None:
    response = client.get("/v1/readings", params={**AIR, "format": "csv", "limit": 25})
    rows = list(csv.DictReader(io.StringIO(response.text)))
    while "next" in response.links:
        response = client.get(response.links["next"]["url"])
        rows += list(csv.DictReader(io.StringIO(response.text)))
    assert [float(row["value"]) for row in rows] == [minute + PLACE / 10 for minute in range(60, 120)]


def test_too_many_rows_are_413_and_say_how_to_get_them(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for format_ in FORMATS.values():
        monkeypatch.setitem(FORMATS, format_.name, replace(format_, row_limit=50))
    response = client.get("/v1/readings", params=AIR)
    assert response.status_code == 413
    problem = response.json()
    assert problem["type"] == "/problems/too-many-rows"
    assert problem["limit"] == 50
    assert "limit=" in problem["detail"]
    assert "every=1h&agg=mean" in problem["detail"]
    assert client.get("/v1/readings", params={**AIR, "limit": 60}).status_code == 200
    assert client.get("/v1/readings", params={**AIR, "limit": 10}).json()["next"]
    assert client.get("/v1/readings", params={**AIR, "every": "1h"}).status_code == 200
    assert client.get("/v1/latest").status_code == 200
    monkeypatch.setitem(FORMATS, "json", replace(FORMATS["json"], row_limit=2))
    latest = client.get("/v1/latest")
    assert (latest.status_code, latest.json()["limit"]) == (413, 2)
    assert "filter by kind" in latest.json()["detail"]


def test_limits_are_those_promised() -> None:
    assert {name: format_.row_limit for name, format_ in FORMATS.items()} == {
        "json": 100_000,
        "csv": 100_000,
        "arrow": 2_000_000,
        "parquet": 2_000_000,
    }


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"start": "now", "end": "-1h"}, "must be before end"),
        ({"start": "now"}, "must be before end"),
        ({"start": "yesterday"}, "write a time"),
        ({"end": "2026-02-30"}, "write a time"),
        ({"every": "0s"}, "write a duration"),
        ({"every": "often"}, "write a duration"),
        ({"agg": "median"}, "mean, min, max, sum, count, first, last, p95"),
        ({"kind": "trafic"}, "traffic"),
        ({"property": "pm1"}, "pm10"),
        ({"district": "rabat"}, "la-ferme"),
        ({"limit": "100001"}, "less than or equal to 100000"),
        ({"limit": "-1"}, "greater than or equal to 1"),
        ({"cursor": "zzz"}, "no cursor of this query"),
        (
            {"aggregate": "mean"},
            "use world, sensor, kind, district, property, start, end, every, tz, agg, shape, limit",
        ),
    ],
)
def test_bad_parameters_are_422_and_say_what_to_do(client: httpx.Client, params: dict[str, str], word: str) -> None:
    response = client.get("/v1/readings", params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert word in response.json()["detail"]
    assert response.json()["parameter"] in params


def test_the_allowed_are_named_as_a_list(client: httpx.Client) -> None:
    assert client.get("/v1/latest", params={"district": "rabat"}).json()["allowed"] == ["la-ferme", "coast"]
    assert "p95" in client.get("/v1/readings", params={"agg": "median"}).json()["allowed"]
    filters = ["world", "sensor", "kind", "district", "property"]
    assert client.get("/v1/stream", params={"since": "1"}).json()["allowed"] == filters


@pytest.mark.parametrize("path", ["/v1/latest", "/v1/readings", "/v1/stream"])
def test_unknown_worlds_and_sensors_are_404(client: httpx.Client, path: str) -> None:
    unknown = client.get(path, params={"sensor": "air-0001,air-0009"})
    assert unknown.status_code == 404
    assert set(unknown.json()["allowed"]) == {"air-0001", "air-0002"}
    world = client.get(path, params={"world": "atlantis"})
    assert (world.status_code, world.json()["allowed"]) == (404, ["zenata", "w-1"])


@pytest.mark.parametrize("path", ["/v1/latest", "/v1/readings"])
def test_formats_that_are_not_there_are_406(client: httpx.Client, path: str) -> None:
    by_parameter = client.get(path, params={"format": "xml"})
    by_header = client.get(path, headers={"Accept": "text/html"})
    assert (by_parameter.status_code, by_header.status_code) == (406, 406)
    assert by_parameter.json()["allowed"] == list(FORMATS)
    assert "text/csv" in by_header.json()["allowed"]
