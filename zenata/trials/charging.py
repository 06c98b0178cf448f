"""ev-charging: when to charge the vehicles at the public chargers of the living districts.

A district's chargers pay for what they draw, by the tariff of the hour; for each kilowatt-hour that a vehicle asked for and
leaves without; and for each that is drawn above the power that the district has subscribed. Points are 100 times the money
that a service saves over no control, over what the best schedule saves that knows every vehicle in advance
(`zenata.trials.charging_schedule`). That schedule is a bound: batteries that charge slower when nearly full do not reach it.

Vehicles come and leave by themselves: what a service does changes neither, unless it stops chargers, and those who find
one stopped ask for their energy all the same. Who comes instead counts nothing, and draws at the tariff.

Beside it stand the measures of ACN-Sim (Lee et al. 2021, IEEE Transactions on Smart Grid 12(6), 5113-5123): energy delivered
of that requested, and demands met; and, as in CityLearn (Vazquez-Canteli et al. 2019, doi:10.1145/3360322.3360998), cost and
peak over no control.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from zenata.contract.challenges import Factor
from zenata.trials.challenge import DAY, Challenge, Run, Score, no_answers
from zenata.trials.charging_policies import naive, oracle, reference
from zenata.trials.charging_schedule import (
    DISTRICTS,
    HOURS,
    MISSED,
    STEP,
    SUBSCRIBED,
    Sessions,
    Sites,
    bound,
    drawn,
    sessions_of,
    tariff_of,
)
from zenata.trials.variants import planned

WARM_UP, DURATION = DAY, 3 * DAY
"""Before commands are taken, and what is scored [s]."""

MET = 0.1
"""Energy that may be missing of a demand that is met [kWh] (ACN-Sim's default)."""


def events(chance: Generator) -> tuple[Mapping[str, Any], ...]:
    """Return a gateway of some chargers that is down for some hours."""
    begin = WARM_UP + int(chance.integers(DURATION - DAY // 4))
    district = DISTRICTS[int(chance.integers(len(DISTRICTS)))]
    duration = int(chance.integers(1, 5)) * 3600
    return (planned("gateway_down", "hidden-gateway", begin, duration, district=district, kinds=["charger"]),)


def score(run: Run) -> Score:
    """Return the score of one seed."""
    sites, price = Sites.of(run), tariff_of(run)
    sessions = sessions_of(run.without, run)
    best = bound(sites, sessions, price, run.first + 1)
    idle, idle_measures = _bill(run, sites, sessions, of_service=False)
    bill, measures = _bill(run, sites, sessions, of_service=True)
    ratios = {
        f"{name}_over_nothing": (measures[name] / idle_measures[name] if idle_measures[name] else np.nan, "1")
        for name in ("cost", "peak")
    }
    units = {"delivered": "1", "met": "1", "cost": "DH", "peak": "kW", "over_limit": "kWh"}
    return Score(
        points=100 * (idle - bill) / (idle - best) if idle > best else 0.0,
        measures={**{name: (value, units[name]) for name, value in measures.items()}, **ratios},
        impact={
            "money": (idle_measures["cost"] - measures["cost"], "DH"),
            "peak": (idle_measures["peak"] - measures["peak"], "kW"),
        },
    )


def _bill(run: Run, sites: Sites, sessions: Sessions, *, of_service: bool) -> tuple[float, dict[str, float]]:
    """Return what is to be paid [DH], and the measures, with the service's commands or without."""
    tables = run.truth if of_service else run.without
    energy = drawn(tables, run)
    missing = sessions.missing_in(tables, run)
    over = float(np.maximum(energy @ sites.in_district.T - sites.district_limit * HOURS, 0.0).sum())
    cost = float((energy.sum(axis=1) * tariff_of(run)).sum())
    need = float(sessions.need.sum())
    return cost + MISSED * (float(missing.sum()) + over), {
        "delivered": 1 - float(missing.sum()) / need if need else np.nan,
        "met": float((missing <= MET).mean()) if len(missing) else np.nan,
        "cost": cost,
        "peak": float(energy.sum(axis=1).max()) / HOURS,
        "over_limit": over,
    }


CHALLENGE = Challenge(
    name="ev-charging",
    title="Electric vehicle charging",
    summary="Charge each vehicle by the time it leaves, at the cheapest hours that the district's connection allows.",
    kinds=("charger",),
    districts=DISTRICTS,
    networks=("power",),
    tick=STEP,
    step=STEP,
    warm_up=WARM_UP,
    duration=DURATION,
    closed_loop=True,
    events=events,
    check=no_answers("ev-charging", "the setpoint limit of chargers"),
    score=score,
    policies={"naive": naive, "reference": reference, "oracle": oracle},
    factors=(
        Factor(name="missed", value=MISSED, unit="DH/kWh", source="default"),
        Factor(name="above_subscribed", value=MISSED, unit="DH/kWh", source="default"),
        Factor(name="subscribed", value=SUBSCRIBED, unit="1", source="default; of the sum of a district's ratings"),
    ),
)
