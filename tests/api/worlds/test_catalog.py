"""What can be made to happen is listed, and what is listed can be made to happen; and where worlds run."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.parts import city_of
from simulators.events.registry import EVENTS
from simulators.events.scenario import events_of
from tests.api.documents import conforming
from tests.api.running import Api
from tests.api.simulators import Simulators, running_with
from zenata.contract.base import Page
from zenata.contract.events import EventType, Scenario
from zenata.contract.hosts import Host


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running_with(Simulators(), tmp_path_factory.mktemp("catalog")) as api:
        yield api


def test_every_type_of_event_is_listed_with_defaults_limits_and_units(api: Api) -> None:
    with api.client() as client:
        page = conforming(client.get("/v1/event-types").json(), Page[EventType])
    types = {item.type: item for item in page.items}
    assert list(types) == list(EVENTS)
    area = types["leak"].parameters["properties"]["area"]
    assert (area["unit"], area["default"], area["minimum"]) == ("m2", 0.0005, 1e-7)
    assert types["leak"].duration == 86_400
    assert all(member["description"] for item in page.items for member in item.parameters["properties"].values())


def test_every_scenario_of_the_city_is_listed_and_can_be_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    city = replace(api.city, scenarios=city_of("zenata").scenarios)
    context = api.context
    object.__setattr__(context, "city", city)
    with api.client("guest") as client:
        page = conforming(client.get("/v1/scenarios").json(), Page[Scenario])
    assert [item.name for item in page.items] == list(city.scenarios)
    assert all(item.description for item in page.items)
    assert all(events_of(item.events, 0) for item in page.items)


def test_the_machine_that_runs_worlds_is_listed(api: Api) -> None:
    with api.client("engineer") as client:
        (host,) = conforming(client.get("/v1/hosts").json(), Page[Host]).items
    assert host.cores >= 1
    assert 0 <= host.load <= 1
    assert {"zenata", "w-own"} <= set(host.worlds)
    assert host.since <= host.seen
