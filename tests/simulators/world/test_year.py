"""The city as a whole: its year beside what is known, and its balances over a day, at short and at long ticks."""

import re
from pathlib import Path

import numpy as np
import pytest

from scripts.physics_facts import FACTS, table
from scripts.physics_runs import MINUTE, QUARTER, run
from scripts.physics_year import year
from simulators.domains.registry import DOMAINS
from zenata.city.pack import load_city

DOCUMENT = (Path(__file__).parents[3] / "docs/physics.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def city():
    return load_city("zenata")


@pytest.fixture(scope="module")
def simulated(city):
    return year(city)


@pytest.mark.parametrize("name", FACTS)
def test_a_figure_is_what_is_known(simulated, name):
    fact = FACTS[name]
    print(f"{fact.quantity}: {simulated[name]:.{fact.digits}f}, known: {fact.known} ({fact.source})")  # noqa: T201 - shown by `pytest -rP`
    assert fact.low <= simulated[name] <= fact.high


def test_the_document_shows_the_figures(simulated):
    """Rounded figures may differ by one in their last place, as machines do in theirs."""
    for line, fact in zip(list(table(simulated))[2:], FACTS.values(), strict=True):
        name, value, *rest = line.split(" | ")
        (shown,) = re.findall(
            f"^{re.escape(name)} \\| (.*?) \\| {re.escape(' | '.join(rest))}$", DOCUMENT, re.MULTILINE
        )
        assert float(shown.replace(",", "")) == pytest.approx(
            float(value.replace(",", "")), abs=1.01 * 10**-fact.digits
        )


@pytest.fixture(scope="module", params=[MINUTE, QUARTER], ids=["minutes", "quarters of an hour"])
def day(city, request):
    """A working day of all domains: what was drawn and so on [Wh], the state before, the domains after."""
    sums = dict.fromkeys(("stations", "customers", "charger", "streetlight", "pv", "meter"), 0.0)
    before = None
    for now, domains in run(city, tuple(DOMAINS), "2026-06-09T00:00Z", "2026-06-10T00:00Z", every=request.param):
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
