"""Whatever is asked for, the answer is data or a problem that says what to do; never a failure."""

from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.contract.service import ProblemDetails

WORDS = {
    "world": ["zenata", "w-1", "atlantis"],
    "sensor": ["air-0001", "air-0001,noise-0001", "air-9"],
    "kind": ["air", "air,noise", "bus", "x"],
    "district": ["coast", "la-ferme,coast", "x"],
    "property": ["pm25", "latitude", "x"],
    "start": [
        "-1h",
        "now",
        "0001-01-01",
        "9999-12-31T23:59:59.999999Z",
        "-100000d",
        "now-36500d",
        "1969-12-31T23:59:59Z",
    ],
    "end": ["now", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-01-01T00:30:00+01:00"],
    "every": ["1s", "7m", "36500d", "PT1S", "5000w"],
    "agg": ["mean", "mean,p95", "count,first,last,sum,min,max", "median"],
    "limit": ["1", "100000", "0", "1e3"],
    "cursor": ["AAAA", "W10"],
    "format": ["json", "csv", "arrow", "parquet", "xml"],
    "bbox": ["-8,33,-7,34", "1,1,0,0", "inf,0,1,1"],
    "near": ["-7.45,33.6", "0,90", "180,-90", "nan,nan"],
    "within": ["1", "1e8", "nan", "-1"],
}


def queries(*names: str) -> st.SearchStrategy[dict[str, str]]:
    """Any of these parameters, mostly with values that mean something."""
    values = {name: st.sampled_from(WORDS[name]) | st.text(max_size=10) for name in names}
    return st.fixed_dictionaries({}, optional=values)


SERIES = ("world", "sensor", "kind", "district", "property")
ROUTES = {
    "/v1/readings": queries(*SERIES, "start", "end", "every", "agg", "limit", "cursor", "format"),
    "/v1/latest": queries(*SERIES, "format"),
    "/v1/sensors": queries("kind", "district", "bbox", "near", "within", "limit", "cursor"),
    "/v1/city": queries("world", "limit"),
}


@pytest.mark.parametrize("route", ROUTES)
@given(data=st.data())
def test_any_query_is_answered(client: httpx.Client, route: str, data: st.DataObject) -> None:
    params = data.draw(ROUTES[route])
    response = client.get(route, params=params)
    assert response.status_code in {200, 404, 406, 413, 422}, response.text
    if response.status_code != 200:
        problem = msgspec.convert(response.json(), ProblemDetails)
        assert problem.status == response.status_code
        assert problem.detail


@given(text=st.text(min_size=1, max_size=80))
def test_any_path_is_answered(client: httpx.Client, text: str) -> None:
    response = client.get("/v1/sensors/" + quote(text, safe=""))
    assert response.status_code in {200, 307, 404, 405, 422}, response.text
