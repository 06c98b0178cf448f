"""Worlds on three hosts and three NATS servers: a host and a server are killed, and nothing is lost or published twice."""

import json
import math
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import msgspec
import psutil
import pytest

from simulators.record.journal import Journal
from simulators.record.record import History
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.system.cluster import START, TIMEOUT, Cluster, ask, cluster, joined, stored
from tests.waiting import wait_until
from zenata.city.clock import parse_time
from zenata.city.pack import load_city
from zenata.wire.address import Address
from zenata.wire.mqtt import Subscription

WORLDS, STEPS = 12, 16  # half of the worlds in lock-step, the others by themselves
KILL_AT = STEPS // 3
LAMPS = [sensor.id for sensor in load_city("valdeira").sensors if sensor.kind == "streetlight"][:20]


@pytest.fixture
def machines(tmp_path, monkeypatch) -> Iterator[tuple[Cluster, httpx.Client, list[subprocess.Popen[bytes]]]]:
    """Three servers, and an API and three hosts that join them."""
    for name, value in {"WORLDS_OF_ONE": "20", "WORLDS_IN_ALL": "30", "WORLD_RATE": "100000"}.items():
        monkeypatch.setenv(f"ZENATA_{name}", value)
    with cluster(tmp_path) as servers, joined(tmp_path, servers, 3) as (api, hosts):
        yield servers, api, hosts


def kill_machine(process_: subprocess.Popen[bytes]) -> None:
    """Kill a host with all that runs on it, as a machine that loses power."""
    for one in [psutil.Process(process_.pid), *psutil.Process(process_.pid).children(recursive=True)]:
        one.send_signal(signal.SIGKILL)


@dataclass
class LockStep:
    """Somebody who moves a world on tick by tick, with a command before each."""

    world: str
    number: int
    sent: dict[str, int] = field(default_factory=dict)

    def step(self, api: httpx.Client, step: int) -> None:
        """Make one tick, whatever happens to the world's host: the command is not sent again if the journal has it."""
        first = parse_time(START) + (step - 1) * TICK
        command = {
            "id": f"{self.world}-{step}",
            "sensor": LAMPS[(step + self.number) % len(LAMPS)],
            "set": {"dim": step / STEPS},
        }
        deadline = time.monotonic() + TIMEOUT
        while True:
            state = ask(api, "GET", f"/v1/worlds/{self.world}").json()
            if state["state"] == "paused" and parse_time(state["time"]) > first:
                break
            if state["state"] == "paused":
                record = ask(api, "GET", f"/v1/worlds/{self.world}/record").json()
                known = any((entry.get("order") or {}).get("id") == command["id"] for entry in record["journal"])
                body = {"steps": 1, "commands": [] if known else [command]}
                api.post(f"/v1/worlds/{self.world}/advance", json=body)
            else:
                time.sleep(0.2)
            assert time.monotonic() < deadline, state
        self.sent[command["id"]] = first


class Silence(threading.Thread):
    """The longest time between two clocks of each world [s]."""

    def __init__(self, address: Address) -> None:
        super().__init__(daemon=True)
        self._subscription = Subscription(address, client_id="silence", filters=["+/clock"])
        self.last: dict[str, float] = {}
        self.longest: dict[str, float] = {}
        self.stop = threading.Event()

    def run(self) -> None:
        with self._subscription as subscription:
            subscription.connect(TIMEOUT)
            while not self.stop.is_set():
                messages = subscription.receive(limit=500, wait=0.1)
                subscription.acknowledge(messages)
                now = time.monotonic()
                for world in {message.topic.split("/")[0] for message in messages}:
                    self.longest[world] = max(self.longest.get(world, 0.0), now - self.last.get(world, now))
                    self.last[world] = now


def undisturbed(history: History) -> tuple[str, int, int]:
    """Run the world of a record again; return its digest, its messages and its readings."""
    run = Run(load_city("valdeira"), history.recipe, Journal(None, history.journal))
    readings = 0
    while run.time < history.last.time or not run.caught_up:
        emission = run.step()
        readings += sum(not math.isnan(value) for value in emission.values.tolist())
    return run.digest.hexdigest(), run.world.messages, readings


@pytest.mark.soak
def test_a_host_and_a_server_are_killed(machines):
    servers, api, hosts = machines
    silence = Silence(servers.address("engineer"))
    silence.start()
    bodies = [
        {
            "seed": number + 1,
            "start": START,
            "kinds": ["streetlight"],
            **({"state": "paused"} if number % 2 else {"speed": 20}),
        }
        for number in range(WORLDS)
    ]
    names = [ask(api, "POST", "/v1/worlds", json=body).json()["world"] for body in bodies]
    wait_until(
        lambda: sum(len(one["worlds"]) for one in api.get("/v1/hosts").json()["items"]) == WORLDS + 1,
        "all run",
        TIMEOUT,
    )
    shown = {one["name"]: one["worlds"] for one in api.get("/v1/hosts").json()["items"]}
    assert sorted(shown) == ["host-0", "host-1", "host-2"]
    assert all(shown.values()), "each host runs some"
    lock_step = [LockStep(name, number) for number, name in enumerate(names) if number % 2]
    live = [name for number, name in enumerate(names) if not number % 2]
    for step in range(STEPS):
        if step == KILL_AT:
            kill_machine(hosts[0])
            servers.nodes[0].kill()
        for one in lock_step:
            one.step(api, step)
        for name in live:
            command = {"sensor": LAMPS[step % len(LAMPS)], "set": {"dim": 0.5 if step % 2 else None}}
            api.post("/v1/commands", params={"world": name}, json=command)  # its host may be lost: then it is not heard
    for name in live:
        ask(api, "PATCH", f"/v1/worlds/{name}/clock", json={"state": "paused"})
        wait_until(
            lambda name=name: ask(api, "GET", f"/v1/worlds/{name}").json()["state"] == "paused", "paused", TIMEOUT
        )
    histories = {}
    for name in names:
        text = ask(api, "GET", f"/v1/worlds/{name}/record").content
        histories[name] = msgspec.json.decode(text, type=History)
    silence.stop.set()
    for one in lock_step:
        orders = {entry.order.id: entry.at for entry in histories[one.world].journal if entry.order}
        assert orders == one.sent, "each command once, before its tick"
    for name, history in histories.items():
        digest, messages, readings = undisturbed(history)
        assert history.last.digest == digest, f"{name} is as one that nobody disturbed"

        wait_until(
            lambda name=name, messages=messages: stored(api, name) == (messages, 0), f"{name} is stored", TIMEOUT
        )
        query = {
            "world": name,
            "start": "2026-07-01T00:00:00Z",
            "end": "2026-07-03T00:00:00Z",
            "agg": "count",
            "every": "1d",
        }
        found = ask(api, "GET", "/v1/readings", params=query).json()["items"]
        assert sum(one["count"] for one in found) == readings, "none is missing or doubled"
    shown = {one["name"]: one["worlds"] for one in api.get("/v1/hosts").json()["items"] if one["name"] != "host-0"}
    assert sorted(name for worlds in shown.values() for name in worlds) == sorted([*names, "zenata"])
    longest = {name: silence.longest.get(name, 0.0) for name in live}
    print(json.dumps({"longest silence [s]": round(max(longest.values()), 1), "of each": longest}, indent=1))  # noqa: T201 - what a soak is run for
