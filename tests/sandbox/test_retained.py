"""Retained messages of pilots, removed at a real broker where there are too many."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.retained import RetainedSweeper
from tests.waiting import wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import Running, password, running_broker, standard_users
from zenata.broker.base import SWEEPER, SWEEPING, User
from zenata.broker.nats import Nats


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    sweeper = User(name=SWEEPER, password_hash=Nats().hash_password(password(SWEEPER)), rights=SWEEPING)
    with running_broker("nats", tmp_path, [*standard_users("nats"), sweeper]) as running:
        yield running


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.retained.MAX_RETAINED", 10)
    monkeypatch.setattr("sandbox.retained._LOOK_AFTER", 20)


def test_who_has_retained_too_much_loses_it_and_nobody_else(broker: Running) -> None:
    removed: dict[str, int] = {}
    with Client(broker, "demo") as demo, Client(broker, "eve") as eve, Client(broker, "simulators") as city:
        demo.retain([f"pilots/demo/telemetry/d{number}" for number in range(30)])
        demo.retain([f"w-1/commands/streetlight/lamp-{number}" for number in range(12)])
        eve.retain([f"pilots/eve/telemetry/d{number}" for number in range(10)])
        city.retain([f"zenata/telemetry/la-ferme/air/air-{number}" for number in range(15)])
    with RetainedSweeper(broker.address(SWEEPER), lambda owner, count: removed.update({owner: count})) as sweeper:
        sweeper.count({"demo": 19})
        sweeper.count({"eve": 10})
        assert removed == {}
        sweeper.count({"demo": 11})
        wait_until(lambda: removed, "they are removed")
    assert removed == {"demo": 30, "w-1": 12}
    with Client(broker, "engineer") as engineer:
        engineer.subscribe("pilots/#")
        engineer.subscribe("+/commands/#")
        engineer.subscribe("+/telemetry/#")
        wait_until(lambda: sum(message.retain for message in engineer.messages) >= 25, "what is left comes")
        left = {message.topic for message in engineer.messages if message.retain}
    assert left == {
        *(f"pilots/eve/telemetry/d{number}" for number in range(10)),
        *(f"zenata/telemetry/la-ferme/air/air-{number}" for number in range(15)),
    }
