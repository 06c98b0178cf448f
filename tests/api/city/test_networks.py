"""GET /v1/streets and /v1/networks, beside simulators that answer from a table."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.documents import conforming
from tests.api.running import Api
from tests.api.simulators import Simulators, running_with
from zenata.contract.networks import NetworkGraph, NetworkMap

SIMULATORS = Simulators()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running_with(SIMULATORS, tmp_path_factory.mktemp("networks")) as api:
        yield api


@pytest.fixture
def client(api: Api) -> Iterator[httpx.Client]:
    SIMULATORS.forget()
    with api.client() as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/streets", "/v1/networks/water", "/v1/networks/bus"])
def test_networks_are_geojson_and_node_link_json(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    conforming(answer.json(), NetworkMap)
    answer = client.get(path, params={"format": "node-link"})
    assert answer.headers["content-type"] == "application/json"
    conforming(answer.json(), NetworkGraph)
    world, verb, arguments = SIMULATORS.requests[-1]
    assert (world, verb) == ("zenata", "network")
    assert arguments == {"network": path.rpartition("/")[2], "format": "node-link"}


def test_files_come_as_their_tools_read_them(client: httpx.Client) -> None:
    answer = client.get("/v1/networks/water", params={"format": "inp"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "[TITLE]\nwater\n"
    answer = client.get("/v1/networks/power", params={"format": "pgm"})
    assert answer.json() == {"version": "1.0"}


@pytest.mark.parametrize(
    ("path", "params", "word"),
    [
        ("/v1/networks/sewers", {}, "network"),
        ("/v1/networks/power", {"format": "inp"}, "water network alone"),
        ("/v1/networks/water", {"format": "shp"}, "format"),
        ("/v1/streets", {"format": "inp"}, "format"),
    ],
)
def test_what_does_not_exist_is_refused_in_words(client: httpx.Client, path: str, params: dict, word: str) -> None:
    answer = client.get(path, params=params)
    assert answer.status_code == 422
    assert word in answer.text
    assert not SIMULATORS.requests
