"""Documents as the API and the demo have them, for pages whose making nobody waits for: a finished trial, two worlds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from zenata.contract.reports import Chart, Curve, Detection, Exhibit, HiddenEvent, Place
from zenata.contract.trials import Baseline, Measure, SeedResult, Trial, TrialScore, TrialTopics

TWIN = {
    "hours": list(range(48)),
    "supply": [200 + 50 * (hour >= 26) for hour in range(48)],
    "supplyWithout": [200] * 48,
    "temperature": [20 + 12 * (hour >= 24) for hour in range(48)],
    "temperatureWithout": [20] * 48,
    "leak": {"longitude": -7.46, "latitude": 33.65},
}
"""What the demo prepares, in small: 50 l/s leak from the 26th hour on, and the second day is 12 K hotter."""

OUTLINE = [(-7.5, 33.62), (-7.4, 33.62), (-7.4, 33.69)]
EARLIER = datetime(2026, 3, 2, tzinfo=UTC)


def finished_trial() -> dict[str, Any]:
    """Return a trial of one city that is done, as the API has it: nobody waits here for a real one."""
    score = TrialScore(mean=41.0, low=None, high=None, seeds=1)
    water = {"water": Measure(value=120.0, unit="m3")}
    beside = Baseline(points=55.0, measures={}, impact={"water": Measure(value=200.0, unit="m3")})
    result = SeedResult(
        seed=1, points=41.0, answers=2, commands=0, measures={}, impact=water, baselines={"reference": beside}
    )
    trial = Trial(
        trial="t-finished00", pilot="demo", challenge="leak-detection", mode="practice", variant="plain",
        clock="lock-step", speed=None, name="", edition="", phase="done", place=None, reason=None, made=EARLIER,
        heartbeat=EARLIER, deadline=EARLIER, ended=EARLIER, kinds=["water"], districts=[], seeds=1, seeds_done=1, seed=1,
        world=None, time=None, step=960, steps=960, warm_up=288, every=900.0,
        topics=TrialTopics(readings=None, clock=None, commands=None, responses=None, answers="pilots/demo/answers/t"),
        step_url="/v1/trials/t-finished00/step", commitment="", numbers=[7], results=[result], score=score,
        baselines={"reference": score}, above_reference=score,
    )  # fmt: skip
    document: dict[str, Any] = msgspec.to_builtins(trial)
    return document


def finished_report(trial: dict[str, Any]) -> dict[str, Any]:
    """Return its report: one leak that was found, one that was not, a false alarm, and a curve with and without."""
    hours = [EARLIER + timedelta(hours=hour) for hour in range(72)]
    leak = HiddenEvent(
        type="leak",
        targets=["street-0001"],
        start=hours[6],
        end=hours[30],
        verdict="hit",
        found=hours[8],
        trace=hours[7],
    )
    missed = HiddenEvent(type="leak", targets=["street-0002"], start=hours[40], end=hours[60], verdict="missed")
    curves = [
        Curve(name="with", values=[1.0 * hour for hour in range(72)]),
        Curve(name="without", values=[2.0 * hour for hour in range(72)]),
    ]
    exhibit = Exhibit(
        start=hours[0], end=hours[-1], every=3600.0, events=[leak, missed],
        detections=[Detection(time=hours[50], target="street-0009", hit=False)],
        charts=[Chart(name="leakage", unit="l/s", curves=curves)],
        places=[Place(target="street-0001", line=[(-7.47, 33.65), (-7.46, 33.655)], verdict="hit")],
    )  # fmt: skip
    exhibits = [msgspec.to_builtins(exhibit)]
    return {"title": {}, "trial": trial, "factors": [], "outline": [OUTLINE], "exhibits": exhibits}
