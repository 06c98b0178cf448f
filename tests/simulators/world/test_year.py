"""The city as a whole: its year beside what is known, and its balances over a day, at short and at long ticks."""

import re
from pathlib import Path

import numpy as np
import pytest

from scripts.physics_facts import FACTS
from scripts.physics_runs import MINUTE, QUARTER, run
from scripts.physics_year import PARTS, january, services, sky, streets
from simulators.domains.registry import DOMAINS

DOCUMENT = (Path(__file__).parents[3] / "docs/physics.md").read_text(encoding="utf-8")


LONG = (sky, streets, january, services)
"""What takes most of the time: for `make soak`."""


@pytest.mark.parametrize(
    "part",
    [pytest.param(part, marks=pytest.mark.soak if part in LONG else ()) for part in PARTS],
    ids=[part.__name__ for part in PARTS],
)
def test_figures_are_what_is_known_and_the_document_shows_them(zenata, part):
    """Rounded figures may differ by one in their last place, as machines do in theirs."""
    values = part(zenata)
    print(values)  # noqa: T201 - shown by `pytest -rP`
    assert {name: value for name, value in values.items() if not FACTS[name].low <= value <= FACTS[name].high} == {}
    for name, value in values.items():
        assert shown(FACTS[name]) == pytest.approx(value, abs=1.01 * 10 ** -FACTS[name].digits)


@pytest.mark.parametrize("name", FACTS)
def test_the_document_shows_each_figure_once_and_within_what_is_accepted(name):
    assert FACTS[name].low <= shown(FACTS[name]) <= FACTS[name].high


def shown(fact):
    """Return what the document shows as the simulated figure, beside what is known."""
    low, high = (f"{number:,.{fact.digits}f}" for number in (fact.low, fact.high))
    rest = re.escape(f" | {fact.known} | {low} to {high} | {fact.source} |")
    (figure,) = re.findall(rf"^\| {re.escape(fact.quantity)} \| (.*?){rest}$", DOCUMENT, re.MULTILINE)
    return float(figure.replace(",", ""))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(MINUTE, marks=pytest.mark.soak, id="minutes"),
        pytest.param(QUARTER, id="quarters of an hour"),
    ],
)
def day(zenata, request):
    """A working day of all domains: what was drawn and so on [Wh], the state before, the domains after."""
    sums = dict.fromkeys(("stations", "customers", "charger", "streetlight", "pv", "meter"), 0.0)
    before = None
    for now, domains in run(zenata, tuple(DOMAINS), "2026-06-09T00:00Z", "2026-06-10T00:00Z", every=request.param):
        if before is None:
            before = _state(domains)
            continue
        hours = now.seconds / 3600
        sums["stations"] += domains["power"].observe(now)[:, 2].sum() * hours
        sums["customers"] += now.customer_load.sum() * hours
        sums["charger"] += now.charger_power.sum() * hours
        sums["streetlight"] += now.lamp_power.sum() * hours
        sums["pv"] += now.pv_power.sum() * hours
        sums["meter"] += domains["meter"].observe(now)[:, 0].sum() * hours
    return sums, before, domains


def _state(domains):
    return {
        f"{name}.{key}": np.array(array) for name, domain in domains.items() for key, array in domain.arrays.items()
    }


def _gained(day, name):
    _, before, domains = day
    return (_state(domains)[name] - before[name]).astype(float)


def test_stations_carry_what_is_drawn_less_what_is_fed_in(day):
    """But for the noise that customers' sum has beside their course: 3 % a station, of 120 stations."""
    sums, _, _ = day
    drawn = sum(sums[name] for name in ("customers", "charger", "streetlight", "pv"))
    assert sums["pv"] < 0 < drawn
    assert sums["stations"] == pytest.approx(drawn, rel=0.005)


@pytest.mark.parametrize(("kind", "sign"), [("charger", 1), ("pv", -1), ("meter", 1)])
def test_counters_gain_the_integral_of_power(day, kind, sign):
    sums, _, _ = day
    assert _gained(day, f"{kind}.energy").sum() * 1000 == pytest.approx(sign * sums[kind], rel=1e-9)


def test_no_water_is_lost(day):
    """Pumped less delivered, leaked and spilt is what the tanks gained."""
    pumped, delivered, leaked, spilt = _gained(day, "water.totals")
    gained = _gained(day, "water.level") @ day[2]["water"]._tanks._area
    assert leaked / (delivered + leaked) == pytest.approx(0.23, abs=0.01)
    assert pumped == pytest.approx(delivered + leaked + spilt + gained, rel=1e-6)


def test_no_vehicle_is_lost(day):
    entered, left = _gained(day, "traffic.totals")
    assert entered > 10_000
    assert entered - left == _gained(day, "traffic.moving").sum() + _gained(day, "traffic.queue").sum()


def test_no_passenger_is_lost(day):
    came, arrived, gave_up = _gained(day, "bus.totals")
    assert came > 30_000
    assert came - arrived - gave_up == _gained(day, "bus.waiting").sum() + _gained(day, "bus.aboard").sum()


def test_no_waste_is_lost(day):
    thrown, taken = _gained(day, "waste.totals")
    assert thrown > 10_000
    assert thrown - taken == pytest.approx(_gained(day, "waste.mass").sum() + _gained(day, "waste.surplus").sum())
