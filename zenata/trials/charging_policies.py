"""Policies of `ev-charging`: equal shares, a plan of every vehicle by its tariff and laxity, and the schedule that knows all."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from zenata.city.clock import SECOND
from zenata.city.readings import FloatArray
from zenata.trials.challenge import DAY, Actions, Policy, Setting, Step, learning
from zenata.trials.charging_schedule import HOURS, STEP, Sites, blocks_of, prices, schedule, sessions_of, tariff_of

STEPS = 4 * DAY // STEP
"""Steps of a trial: who is still there at its end is taken to leave then."""

SPARE = 3
"""Steps before a vehicle leaves by which the reference means to be done, as batteries slow down when full (default)."""

FULL = 0.97
"""Share of what a vehicle can draw from which on the reference limits it no more (default)."""


class _Setpoints:
    """Turns limits into commands, and leaves out those that are set already."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._last: dict[str, float | None] = {}

    def actions(self, limit: FloatArray) -> Actions:
        """Return the commands that set limits [kW]; NaN leaves a charger to itself."""
        commands: dict[str, Mapping[str, float | None]] = {}
        for charger, value, rated in zip(self._sites.chargers, limit.tolist(), self._sites.rated.tolist(), strict=True):
            watts = None if np.isnan(value) or value >= rated else round(1000 * max(value, 0.0), 1)
            if self._last.get(charger) != watts:
                commands[charger] = {"limit": watts}
                self._last[charger] = watts
        return Actions(commands=commands)


def _limited(setting: Setting, limits: Callable[[Sites, Step], FloatArray]) -> Policy:
    """Return the policy that sets what a function says [kW], shape (n_chargers,), once commands are taken."""

    def learn(step: Step) -> tuple[Sites, _Setpoints]:
        sites = Sites.read(setting.city, setting.network, step.readings["power"].sensors)
        return sites, _Setpoints(sites)

    def act(step: Step, learnt: tuple[Sites, _Setpoints]) -> Actions:
        sites, setpoints = learnt
        return setpoints.actions(limits(sites, step))

    return learning(learn, act)


def _wanting(step: Step) -> FloatArray:
    """Return what the vehicles still want, 0 where there is none or nothing is known, shape (n_chargers,) [kWh]."""
    return np.asarray(np.nan_to_num(step.readings["requested"].values[-1]))


def naive(setting: Setting) -> Policy:
    """Return the policy that shares the subscribed power of each district equally among those who charge."""

    def limits(sites: Sites, step: Step) -> FloatArray:
        charging = _wanting(step) > 0
        count = np.maximum(sites.in_district @ charging, 1)
        return np.where(charging, (sites.district_limit / count)[sites.district], np.nan)

    return _limited(setting, limits)


def reference(setting: Setting) -> Policy:
    """Return the policy that plans all vehicles again at each step, those with the least laxity first.

    Laxity is the time that is left beyond what charging needs (Chen et al. 2021, arXiv:2102.08610). Each
    takes the cheapest steps before it leaves, and of these the first, as far as its site and its district have room. What
    it can draw is what it drew when it came.
    """
    power: list[FloatArray] = []

    def limits(sites: Sites, step: Step) -> FloatArray:
        need, now = _wanting(step), np.nan_to_num(step.readings["power"].values[-1]) / 1000
        if not power:
            power.append(np.minimum(sites.rated, 7.4))
        power[0] = np.where(need > 0, np.maximum(power[0], now), np.minimum(sites.rated, 7.4))
        stay = np.floor(np.nan_to_num(step.readings["departure"].values[-1]) * 60 / STEP).astype(np.int64)
        stay = np.clip(stay, 1, max(STEPS - 1 - step.index, 1))
        laxity = stay * HOURS - need / power[0]
        ahead = step.time + STEP * SECOND * np.arange(stay.max())
        price = prices(setting.city, setting.network, ahead)
        district = np.repeat(sites.district_limit[:, None], len(price), axis=1)
        site = np.repeat(sites.site_limit[:, None], len(price), axis=1)
        limit = np.where(need > 0, 0.0, np.nan)
        for one in np.argsort(laxity, kind="stable").tolist():
            if need[one] > 0:
                steps = slice(int(max(stay[one] - SPARE, 1)))
                room = np.minimum(district[sites.district[one], steps], site[sites.site[one], steps])
                room = np.clip(room, 0.0, power[0][one])
                order = np.argsort(price[steps], kind="stable")
                before = np.cumsum(room[order]) - room[order]
                taken = np.empty(len(order))
                taken[order] = np.clip(need[one] / HOURS - before, 0.0, room[order])
                district[sites.district[one], steps] -= taken
                site[sites.site[one], steps] -= taken
                limit[one] = sites.rated[one] if taken[0] >= FULL * power[0][one] else taken[0]
        return limit

    return _limited(setting, limits)


def oracle(setting: Setting) -> Policy:
    """Return the policy that follows the cheapest schedule of all vehicles, and gives who falls behind it the room that is left.

    Vehicles fall behind as batteries slow down when nearly full, which the schedule does not know: so it means to be done
    some steps before they leave.
    """
    run = setting.known
    sessions, first = sessions_of(run.without, run), run.first + 1
    early = replace(sessions, end=np.maximum(sessions.end - SPARE, sessions.begin))
    plan = schedule(Sites.of(run), early, tariff_of(run), first)
    block = blocks_of(np.arange(first, len(run.times) + 1), first)
    length = np.bincount(block)
    block = np.minimum(block, plan.shape[1] - 1)

    def limits(sites: Sites, step: Step) -> FloatArray:
        after = step.index + 1
        now = int(block[after - first])
        limit = np.full(len(sites.chargers), np.nan)
        here = np.flatnonzero((sessions.begin <= after) & (sessions.end >= after))
        limit[sessions.charger[here]] = plan[here, now] / (length[now] * HOURS)
        room = sites.district_limit - sites.in_district @ np.nan_to_num(limit)
        need = np.where(sessions.begin[here] < after, _wanting(step)[sessions.charger[here]], sessions.need[here])
        behind = need - plan[here, now:].sum(axis=1)
        for row in np.argsort(sessions.end[here], kind="stable").tolist():
            charger = sessions.charger[here[row]]
            district = sites.district[charger]
            if behind[row] > 1e-3 and room[district] > 0:
                more = min(sessions.power[here[row]] - limit[charger], room[district], behind[row] / HOURS)
                limit[charger] += max(more, 0.0)
                room[district] -= max(more, 0.0)
        return limit

    return _limited(setting, limits)
