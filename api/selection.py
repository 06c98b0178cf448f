"""From what a request asks for to what the store is asked.

Every route that reads series goes through `select`: what a pilot may see is decided here and nowhere else.
"""

from collections.abc import Collection

from api.context import Context
from api.params import SeriesParams
from api.problems import Problem, invalid
from zenata.city.kinds import KINDS
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Selection
from zenata.pilots.keys import Principal


def select(context: Context, principal: Principal, params: SeriesParams) -> Selection:
    """Return the series a request means, of worlds that whoever asks may look into.

    Raises
    ------
    Problem
        404 for a world or sensor, 422 for a kind, district or property that is not there.
    """
    check_kinds_and_districts(context, params.kind, params.district)
    check_names("property", params.property, QUANTITIES)
    for sensor in params.sensor:
        check_sensor(context, sensor)
    return Selection(
        worlds=tuple(select_world(context, principal, world) for world in params.world or (None,)),
        sensors=params.sensor,
        kinds=params.kind,
        districts=params.district,
        properties=params.property,
    )


def select_world(context: Context, principal: Principal, world: str | None) -> str:
    """Return the world a request means; 404 if whoever asks knows of none of that name."""
    if world is None:
        return context.world
    context.worlds.check(principal, world)
    return world


def check_sensor(context: Context, sensor: str) -> None:
    """Raise 404, naming similar sensors, unless the city has this one."""
    if sensor not in context.sensors:
        similar = context.sensors.similar(sensor)
        hint = f"Did you mean {' or '.join(similar)}?" if similar else "List sensors with /v1/sensors."
        raise Problem("unknown-sensor", f"There is no sensor {sensor!r}. {hint}", allowed=similar)


def check_kinds_and_districts(context: Context, kinds: Collection[str], districts: Collection[str]) -> None:
    """Raise 422, naming the allowed, unless the city has them all."""
    check_names("kind", kinds, KINDS)
    check_names("district", districts, context.city.district_by_id)


def check_names(parameter: str, names: Collection[str], allowed: Collection[str]) -> None:
    """Raise 422, naming the allowed, for a name that is not among them."""
    for name in names:
        if name not in allowed:
            raise invalid(parameter, f"there is no {name!r}; use {', '.join(allowed)}", allowed=list(allowed))
