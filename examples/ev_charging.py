"""Charging in a trial: every vehicle planned again at each step, those with the least time to spare first.

Each takes the cheapest steps before it leaves, as far as its site and its district have room. What it can draw is what it
drew when it came. Run it with ``zenata trial run ev-charging --exec "python ev_charging.py"``, or alone with ``ZENATA_URL``
and ``ZENATA_KEY``.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from zenata_client import Client

MINUTES = 5  # of a step
SUBSCRIBED = 0.25  # power of a district over the sum of its chargers' ratings, which the challenge asks to hold
LEAST, FULL = 7.4, 0.97  # what every vehicle can draw [kW], and the share of what one can draw that is no limit
SPARE = 3  # steps before a vehicle leaves by which it is to be done
ZONE = ZoneInfo("Africa/Casablanca")


class Planner:
    """One seed: chargers, what their vehicles can draw, and the limits that are set."""

    def __init__(self, sensors: list, sites: list[dict], tariff: list[float]) -> None:
        self.rated = {one.id: one.attributes["watts"] / 1000 for one in sensors}
        self.district = {one.id: one.district for one in sensors}
        self.site = {charger: number for number, site in enumerate(sites) for charger in site["chargers"]}
        self.site_limit = {number: site["limit"] / 1000 for number, site in enumerate(sites)}
        self.limit: dict[str, float] = {}
        for charger, name in self.district.items():
            self.limit[name] = self.limit.get(name, 0.0) + SUBSCRIBED * self.rated[charger]
        self.tariff = tariff
        self.power: dict[str, float] = {}  # of each vehicle [kW]
        self.set: dict[str, float | None] = {}

    def commands(self, readings: list, time: datetime) -> dict[str, float | None]:
        """Return the limits that are to be set now [W], None for none."""
        seen: dict[str, dict[str, float]] = {}
        for one in readings:
            if one.value is not None and one.sensor in self.rated:
                seen.setdefault(one.sensor, {})[one.property] = one.value
        wanting = {charger: now for charger, now in seen.items() if now.get("requested", 0) > 0}
        self.power = {
            charger: max(self.power.get(charger, min(self.rated[charger], LEAST)), now.get("power", 0) / 1000)
            for charger, now in wanting.items()
        }
        wanted = {charger: None for charger in seen if charger not in wanting} | self.plan(wanting, time)
        changed = {charger: limit for charger, limit in wanted.items() if self.set.get(charger) != limit}
        self.set.update(changed)
        return changed

    def plan(self, wanting: dict[str, dict[str, float]], time: datetime) -> dict[str, float | None]:
        """Return the limit of each vehicle in the next step [W]."""
        stay = {charger: max(int(now.get("departure", 0) / MINUTES), 1) for charger, now in wanting.items()}
        hours = MINUTES / 60
        laxity = {
            charger: stay[charger] * hours - wanting[charger]["requested"] / self.power[charger] for charger in stay
        }
        local = time.astimezone(ZONE)
        ahead = [local + timedelta(minutes=MINUTES * step) for step in range(max(stay.values(), default=1))]
        price = np.array([self.tariff[one.hour] for one in ahead])
        room = {name: np.full(len(price), limit) for name, limit in self.limit.items()}
        site = {self.site[one]: np.full(len(price), self.site_limit[self.site[one]]) for one in wanting}
        found: dict[str, float | None] = {}
        for charger in sorted(laxity, key=laxity.get):
            steps = slice(max(stay[charger] - SPARE, 1))
            power, mine = self.power[charger], room[self.district[charger]][steps]
            free = np.clip(np.minimum(mine, site[self.site[charger]][steps]), 0, power)
            order = np.argsort(price[steps], kind="stable")
            before = np.cumsum(free[order]) - free[order]
            taken = np.empty(len(order))
            taken[order] = np.clip(wanting[charger]["requested"] / hours - before, 0, free[order])
            mine -= taken
            site[self.site[charger]][steps] -= taken
            found[charger] = None if taken[0] >= FULL * power else round(1000 * float(taken[0]), 1)
        return found


def serve(client: Client) -> None:
    """Command a trial from its beginning to its score."""
    power = client.network("power").graph
    sensors = [one for one in client.sensors(kind="charger") if one.district.startswith(("living", "la-ferme"))]
    planner = Planner(sensors, power["charging_sites"], power["tariff"])
    for step in client.trial("ev-charging"):
        if step.number == 1:  # of each seed, which is another city
            planner = Planner(sensors, power["charging_sites"], power["tariff"])
        if not step.warm_up:
            for charger, limit in planner.commands(step.readings, step.time).items():
                step.command(charger, limit=limit)


if __name__ == "__main__":
    with Client() as client:
        serve(client)
