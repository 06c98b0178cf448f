"""Rounds of kills, stops, full disks and damaged blocks of the broker, under load: nothing lost, nothing doubled, all reported.

Left out of `make test`: `make soak` runs some rounds, `ZENATA_SOAK_ROUNDS=200 make soak` the whole, and a failed run comes
again with the `ZENATA_CHAOS_SEED` that it has printed. Stops are to be reported within `ZENATA_SOAK_SECONDS` (15), which a
machine that has other work to do may not reach.

What "lost" means where blocks of the broker's messages were damaged: one that it had acknowledged and no longer has is missing
in the ledger, by its number, if it is of a world. Messages of devices have no numbers of ours; that some are lost, and how
many at most, is in the audit log (`broker.lost`). With blocks of anything else, such as sessions, nothing is lost. None is
stored twice, and what HTTP acknowledged is always there.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.disks import mounted
from tests.system.faults import FAULTS, Rig, end_everything, kill, stop
from tests.system.load import METER, Load, loading
from tests.system.readings import START, messages
from tests.waiting import wait_until
from tests.zenata.store.influxd import running as running_influxd
from zenata.process.ports import free_ports
from zenata.store import open_store

ROUNDS = int(os.environ.get("ZENATA_SOAK_ROUNDS", "20"))
SECONDS = float(os.environ.get("ZENATA_SOAK_SECONDS", "15"))
SEED = int(os.environ.get("ZENATA_CHAOS_SEED", time.time_ns() % 10**6))
WORLD_ROUNDS = 10
"""After each so many the private world is waited for, too: it may publish again some time after the city does."""
SIZE = 512  # of the small disk [MiB]

pytestmark = [pytest.mark.slow, pytest.mark.soak]


def options(*more: str) -> tuple[str, ...]:
    ports = free_ports("127.0.0.1", {"--http-port": 0, "--mqtt-port": 0, "--ws-port": 0})
    fixed = [word for name, port in ports.items() for word in (name, str(port))]
    return (*fixed, "--start", START, "--speed", "3", "--webhook-private", *more)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    disk = tmp_path / "disk"
    disk.mkdir()
    say(f"ZENATA_CHAOS_SEED={SEED}")
    with mounted(disk, f"size={SIZE}M"):
        made = Rig(disk, options(), random.Random(SEED))  # noqa: S311 - no secret
        try:
            yield made
        finally:
            made.end()


def test_nothing_is_lost_or_doubled_and_every_stop_is_reported(rig: Rig) -> None:
    rig.start()
    with loading(rig.running.http, rig.running.mqtt, rig.running.folder) as load:
        for number, name in zip(range(ROUNDS), faults(rig.moments), strict=False):
            say(f"round {number + 1}: {name}")
            time.sleep(rig.moments.uniform(0.2, 4.0))
            FAULTS[name](rig)
            rig.wait_until_well()
            if number % WORLD_ROUNDS == 0:
                wait_until_world_publishes(rig, load)
        load.end()
        wait_until_world_publishes(rig, load)
        lost = lost_by_broker(rig)
        assert bool(lost) <= bool(rig.damaged)
        say(f"{ROUNDS} rounds are over, blocks were damaged {rig.damaged} times; the broker has lost at most {lost}")
        missing = check(rig, load, lost)
        end_everything(rig)
        assert check(rig, load, lost) == missing
        gaps = {line["sensor"]: line["gaps"] for line in accounts(rig, "zenata")}
        world = load.world
    rig.end()
    with closing(open_store(f"duckdb:///{rig.folder}/data/readings.duckdb")) as store:
        balance = store.ledger.balance("zenata")
        assert messages(store, gaps) == balance.stored
        say(f"of the city {balance.stored} stored, {balance.missing} missing by the ledger")
        say(f"of the private world {store.ledger.balance(world).stored} stored, {missing[world]} missing")
    say(f"of devices {load.published} over MQTT ({missing[METER]} lost with blocks), {load.posted} over HTTP")
    say(f"{len(load.turns)} deliveries, exports {dict(load.exports)}")
    report(rig)


def test_every_stop_of_a_city_with_influxdb_is_reported(tmp_path: Path) -> None:
    """As above, with ingest in a process of its own, and the store on a server: each stops alone."""
    with running_influxd(tmp_path / "influxd") as influxd:
        city = options("--store", f"influxdb://127.0.0.1:{influxd.port}/zenata")
        rig = Rig(tmp_path, city, random.Random(SEED))  # noqa: S311 - no secret
        try:
            rig.start()
            for name in ("ingest", "broker", "api"):
                stop(name)(rig)
                rig.wait_until_well()
            influxd.kill()
            rig.wait_until_reported("InfluxDB killed")
            influxd.start()
            rig.wait_until_well()
            kill("ingest")(rig)
            rig.wait_until_well()
            rig.running.halt()
            line = rig.ledger()
            assert line is not None
            assert (line["missing"], line["in_flight"], line["published"]) == (0, 0, line["stored"])
        finally:
            rig.end()
    report(rig)


def faults(moments: random.Random) -> Iterator[str]:
    """Yield each fault once in an order that is drawn, and again."""
    while True:
        yield from moments.sample(list(FAULTS), len(FAULTS))


def report(rig: Rig) -> None:
    """Say how soon stops were reported, and fail if one was late."""
    for route in sorted({route for _, route, _ in rig.delays}):
        slowest = max((delay, what) for what, of, delay in rig.delays if of == route)
        count = sum(of == route for _, of, _ in rig.delays)
        say(f"{route}: {count} stops reported, the slowest after {slowest[0]:.1f} s ({slowest[1]})")
    assert [one for one in rig.delays if one[2] > SECONDS and one[1] != "doctor"] == []


def say(text: str) -> None:
    """Write what a person who waits wants to know."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def as_admin(rig: Rig, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the items of a list, as an administrator sees it."""
    headers = {"Authorization": f"Bearer {rig.running.admin_key}"}
    url, items = rig.running.http + path, []
    while True:
        answer = httpx.get(url, headers=headers, params=params, timeout=60, trust_env=False).raise_for_status().json()
        items += answer["items"]
        if not answer.get("next"):
            return items
        params["cursor"] = answer["next"]


def wait_until_world_publishes(rig: Rig, load: Load) -> None:
    """Wait until more of the private world is stored than there is: whatever happened, it goes on by itself."""

    def stored() -> int:
        lines = load.ask("GET", "/v1/ledger").json()["items"]
        return sum(int(line["stored"]) for line in lines if line["world"] == load.world)

    before = stored()
    with rig.explained():
        wait_until(lambda: stored() > before, "the private world goes on publishing")
    assert list((rig.folder / "data" / "worlds").glob("*/failed")) == []


def lost_by_broker(rig: Rig) -> int:
    """Return how many messages the broker has lost at most, as the audit log has it."""
    entries = as_admin(rig, "/v1/audit", limit=1000)
    return sum(entry["detail"].get("messages", 0) for entry in entries if entry["what"] == "broker.lost")


def accounts(rig: Rig, world: str) -> list[dict[str, Any]]:
    return as_admin(rig, f"/v1/ledger/{world}", limit=1000)


def check(rig: Rig, load: Load, lost: int) -> dict[str, int]:
    """Look whether everything is there once, but for what is named; return what is missing of worlds and devices."""
    missing = {METER: load.check(lost)}
    rig.running.halt(lost=bool(lost))
    assert load.ask("PATCH", f"/v1/worlds/{load.world}/clock", json={"state": "paused"}).status_code == 200

    def lines() -> dict[str, dict[str, Any]]:
        return {line["world"]: line for line in load.ask("GET", "/v1/ledger").json()["items"]}

    def is_settled(line: dict[str, Any]) -> bool:
        return line["published"] == line["stored"] + line["missing"]

    wait_until(lambda: all(map(is_settled, lines().values())), f"it balances: {lines()}")
    if lost:  # what is only late comes after five seconds, and until then is missing
        time.sleep(12)
    for world in ("zenata", load.world):
        line, status = lines()[world], load.ask("GET", f"/v1/worlds/{world}").json()
        assert line["published"] == status["messages"] > 0, (line, status)
        assert (line["rejected"], line["in_flight"]) == (0, 0), line
        assert line["missing"] == 0 or lost, line
        named = sum(last - first + 1 for account in accounts(rig, world) for first, last in account["gaps"])
        assert named == line["missing"]
        missing[world] = line["missing"]
    return missing
