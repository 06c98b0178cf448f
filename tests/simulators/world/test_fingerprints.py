"""Worlds have the values that they had, to the last bit, whatever has become of the code that computes them.

``fingerprints.json`` holds what each of these worlds says. Whoever means to change values writes it anew with

    .venv/bin/python -m tests.simulators.world.test_fingerprints

and says so in CHANGELOG.md and in a decision, as every replay of an older record then differs. The last bits of an exponential
or of a product of matrices depend on the processor and on the version of NumPy; so the file has a fingerprint of such
arithmetic, too, and where that is another one the worlds are not compared.
"""

import json
import pickle
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from simulators.domains.air.dispersion import Plumes
from simulators.events.base import Event
from simulators.record.digest import Digest
from simulators.world import world as world_module
from simulators.world.draws import SealedSeed
from simulators.world.world import TICK, World
from tests.simulators.conftest import small_city
from zenata.city.clock import SECOND, parse_time
from zenata.city.derived import derive
from zenata.city.model import City
from zenata.city.pack import load_city

FILE = Path(__file__).with_name("fingerprints.json")
MINUTE, QUARTER, HOUR = 60 * SECOND, 900 * SECOND, 3600 * SECOND
RUSH, STORM = parse_time("2026-03-02T15:30:00Z"), parse_time("2026-01-05T05:00:00Z")  # in Ramadan; a Monday morning

Command = tuple[str, str, dict[str, float | None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A world, the lengths of its ticks [us], and commands by the number of the tick before which they come."""

    start: int
    ticks: tuple[int, ...]
    kinds: tuple[str, ...] = ()
    seed: int = 1
    events: tuple[Event, ...] = ()
    commands: dict[int, Command] | None = None
    city: str = "small"


def _event(type_: str, begin: int, end: int, **parameters: object) -> Event:
    return Event(id=f"{type_}-{begin}", type=type_, start=STORM + begin, end=STORM + end, parameters=parameters)


CASES = {
    "the whole city, in short ticks": Case(start=RUSH, ticks=(TICK,) * 60),
    "the whole city, minute by minute": Case(start=STORM, ticks=(MINUTE,) * 60, seed=2),
    "the whole city, a day of quarters": Case(start=STORM, ticks=(QUARTER,) * 48, seed=3),
    "a sealed city in ticks of all lengths": Case(
        start=RUSH, ticks=(TICK, MINUTE, QUARTER, HOUR, 40 * TICK) * 6, seed=SealedSeed(4, bytes(32))
    ),
    "roads and sky": Case(
        start=STORM,
        ticks=(QUARTER,) * 4 + (MINUTE,) * 30 + (TICK,) * 30 + (QUARTER,) * 20,
        events=(
            _event("road_closure", HOUR, 3 * HOUR),
            _event("accident", HOUR // 2, 2 * HOUR),
            _event("flood", HOUR, 4 * HOUR),
            _event("heatwave", 2 * HOUR, 9 * HOUR),
            _event("festival", 2 * HOUR, 5 * HOUR),
            _event("pollution_episode", HOUR, 8 * HOUR),
        ),
        commands={2: ("traffic", "traffic-0002", {"split": 0.8}), 40: ("parking", "parking-0003", {"price": 40.0})},
    ),
    "outages and faults": Case(
        start=STORM,
        ticks=(MINUTE,) * 20 + (TICK,) * 40 + (QUARTER,) * 20,
        events=(
            _event("power_outage", 10 * MINUTE, 2 * HOUR, what="cable"),
            _event("leak", HOUR // 2, 3 * HOUR, target="street-0001"),
            _event("gateway_down", HOUR // 4, HOUR),
            _event("sensor_stuck", HOUR // 4, 4 * HOUR, kinds=["water"]),
            _event("sensor_fault", HOUR // 4, 2 * HOUR),
        ),
        commands={
            3: ("charger", "charger-0007", {"limit": 9000.0}),
            5: ("streetlight", "streetlight-0004", {"dim": 0.4}),
            30: ("charger", "charger-0002", {"stop": 1.0}),
            62: ("water", "water-0002", {"valve": 0.0}),
            70: ("water", "water-0005", {"pumps": 2.0}),
        },
    ),
    "buses, people and weather": Case(start=STORM, ticks=(QUARTER,) * 60, kinds=("weather", "crowd", "bus")),
    "the same of Zenata": Case(
        start=STORM,
        ticks=(QUARTER,) * 16 + (MINUTE,) * 10 + (TICK,) * 20,
        kinds=("weather", "crowd", "bus"),
        city="zenata",
    ),
    "water of Zenata": Case(start=STORM, ticks=(QUARTER,) * 24, kinds=("water",), city="zenata"),
    "lamps and roofs of Zenata": Case(
        start=RUSH, ticks=(QUARTER,) * 12 + (TICK,) * 12, kinds=("streetlight", "pv", "charger"), city="zenata"
    ),
}


def city_of(case: Case) -> City:
    return load_city("zenata") if case.city == "zenata" else small_city()


def fingerprint(case: Case, city: City, *, interrupted: bool = False) -> str:
    """Return that of what a world says and is; interrupted, it goes on as another one from a state of the first."""

    def make(*, warm_up: bool = True) -> World:
        return World(city, seed=case.seed, start=case.start, kinds=case.kinds, events=case.events, warm_up=warm_up)

    world, digest = make(), Digest()
    for number, every in enumerate(case.ticks):
        if case.commands and number in case.commands:
            world.command(*case.commands[number])  # which may be refused: without power
        digest.update(world.step(every))
        if interrupted and number % 20 == 3:
            state, world = world.state(), make(warm_up=False)
            world.restore(state)
    truth = sha256(world.truth().astype("<f8").tobytes()).hexdigest()
    return f"{digest.hexdigest()[:32]} {truth[:32]}"


def arithmetic() -> str:
    """Return a fingerprint of the arithmetic of which the last bits depend on the machine."""
    some = np.random.default_rng(1).uniform(0.01, 5.0, (60, 40))
    functions = (np.exp, np.expm1, np.log, np.log1p, np.sqrt, np.sin, np.cos, np.arctan, np.tanh, np.square)
    results = [function(some) for function in functions]
    results += [some**1.867, np.hypot(some, 1.3), np.arctan2(some, 1.3), some @ some.T, some @ some[0]]
    results += [np.linalg.cholesky(some @ some.T + 60 * np.eye(60)), np.linalg.svd(some)[1]]
    results += [np.einsum("ij,kj->ik", some, some), some.sum(axis=1), some.sum(axis=0)]
    results += [np.random.default_rng(2).standard_gamma(0.7, 100), np.random.default_rng(3).poisson(some).astype(float)]
    return sha256(b"".join(np.ascontiguousarray(result).tobytes() for result in results)).hexdigest()[:32]


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    """The fingerprints that are to be, by the words for the worlds."""
    written = json.loads(FILE.read_text(encoding="utf-8"))
    if written["arithmetic"] != arithmetic():
        pytest.skip(
            "the last bits of this machine's arithmetic are others than those that fingerprints.json was made with"
        )
    return dict(written["worlds"])


@pytest.mark.parametrize("name", CASES)
def test_a_world_says_what_it_said(known: dict[str, str], name: str) -> None:
    case = CASES[name]
    assert fingerprint(case, city_of(case)) == known[name]


@pytest.mark.parametrize("name", ["roads and sky", "outages and faults", "buses, people and weather"])
def test_so_does_one_that_was_interrupted_again_and_again(known: dict[str, str], name: str) -> None:
    case = CASES[name]
    assert fingerprint(case, city_of(case), interrupted=True) == known[name]


def test_worlds_of_a_city_change_nothing_of_what_they_share() -> None:
    """They find it when they are made: who changed it would change all that come after."""
    city = small_city()
    derive(city)
    shared = {make: pickle.dumps(result) for make, result in city.derived.items() if not isinstance(result, Plumes)}
    assert len(shared) > 3
    for name in ("roads and sky", "outages and faults"):
        fingerprint(CASES[name], city)
    assert {make: pickle.dumps(city.derived[make]) for make in shared} == shared


def _write() -> None:
    world_module.WARM_UP = 6
    worlds = {name: fingerprint(case, city_of(case)) for name, case in CASES.items()}
    FILE.write_text(json.dumps({"arithmetic": arithmetic(), "worlds": worlds}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
