"""Whoever waits for a simulator holds up nobody else, and not even its own other requests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.http.context import AT_ONCE
from tests.api.running import Api
from tests.api.simulators import Simulators, running_with
from tests.waiting import wait_until

MANY = 60
"""More than the forty threads that routes share (`anyio.to_thread.current_default_thread_limiter`)."""


@pytest.fixture
def simulators() -> Simulators:
    return Simulators()


@pytest.fixture
def api(tmp_path, simulators: Simulators) -> Iterator[Api]:
    with running_with(simulators, tmp_path) as api:
        yield api


def test_many_waiting_commands_hold_up_nobody(api, simulators):
    simulators.ticks.clear()
    command = {"world": "w-own", "sensor": "air-0001", "set": {"dim": 1}}
    pilot, other, guest, engineer = (api.client(role) for role in ("pilot", "pilot", "guest", "engineer"))
    with pilot, other, guest, engineer, ThreadPoolExecutor(MANY) as crowd:
        waiting = [crowd.submit(pilot.post, "/v1/commands", json=command, timeout=60) for _ in range(MANY)]
        try:
            wait_until(lambda: len(simulators.requests) == AT_ONCE, "the first wait for their tick")
            assert guest.get("/v1/kinds").status_code == 200
            assert engineer.get("/v1/worlds/w-own").status_code == 200
            assert other.post("/v1/worlds/w-own/advance", json={"steps": 1}).status_code == 200
            assert sum(verb == "command" for _, verb, _ in simulators.requests) == AT_ONCE
        finally:
            simulators.ticks.set()
        assert {one.result().status_code for one in waiting} == {200}
    assert sum(verb == "command" for _, verb, _ in simulators.requests) == MANY
