"""Selections: from the filters of a request to the series it may read.

Every route that reads series goes through `select`: the visibility of worlds is decided here and nowhere else.
"""

from collections.abc import Collection

from api.http.context import Context
from api.http.params import SeriesParams
from api.http.problems import Problem, invalid
from api.http.rights import WATCHERS
from zenata.city.kinds import KINDS
from zenata.city.model import OWN
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Selection
from zenata.control.device import world_of
from zenata.control.keys import Principal


def select(context: Context, principal: Principal, params: SeriesParams) -> Selection:
    """Return the series a request means, of worlds that the principal may read.

    Raises
    ------
    Problem
        404 for a world or sensor, 422 for a kind, district or property that is not there.
    """
    worlds = tuple(select_world(context, principal, world) for world in params.world or (None,))
    own = tuple(world for world in worlds if world.startswith(OWN))
    check_names("kind", params.kind, [*KINDS, "device"] if own else KINDS)
    check_names("district", params.district, context.city.district_by_id)
    if params.property:
        check_names(
            "property", params.property, [*QUANTITIES, *_device_properties(context, own)] if own else QUANTITIES
        )
    for sensor in params.sensor:
        if not any(_is_device(context, world, sensor) for world in own):
            check_sensor(context, sensor, principal.pilot, among_devices=len(own) == len(worlds))
    if not own and (params.kind or params.district or params.property):
        _check_combination(context, params)
    return Selection(
        worlds=worlds,
        sensors=params.sensor,
        kinds=params.kind,
        districts=params.district,
        properties=params.property,
    )


def select_world(context: Context, principal: Principal, world: str | None) -> str:
    """Return the world a request means; 404 unless the principal may read it."""
    if world is None:
        return context.world
    if not _is_own(context, principal, world):
        context.worlds.check(principal, world)
    return world


def _check_combination(context: Context, params: SeriesParams) -> None:
    """Raise 422 for filters that no sensor of the city fits, although each alone is valid."""
    sensors = [context.city.sensor_by_id[name] for name in params.sensor]
    for sensor in sensors:
        if params.kind and sensor.kind not in params.kind:
            raise invalid("kind", f"{sensor.id} is of the kind {sensor.kind}", allowed=[sensor.kind])
        if params.district and sensor.district not in params.district:
            raise invalid("district", f"{sensor.id} is in {sensor.district}", allowed=[sensor.district])
    kinds = params.kind or tuple(dict.fromkeys(sensor.kind for sensor in sensors))
    observed = list(dict.fromkeys(name for kind in kinds for name in KINDS[kind].properties))
    for name in params.property if kinds else ():
        if name not in observed:
            words = f"the kind {kinds[0]} observes" if len(kinds) == 1 else f"the kinds {', '.join(kinds)} observe"
            raise invalid("property", f"{words} no {name!r}; use {', '.join(observed)}", allowed=observed)


def _is_own(context: Context, principal: Principal, world: str) -> bool:
    """Return whether a world is that of one's own devices; of any pilot's, for engineers and administrators."""
    if world == world_of(principal.pilot):
        return True
    pilot = world.removeprefix(OWN)
    return world != pilot and principal.role in WATCHERS and bool(context.devices.devices(pilot))


def _is_device(context: Context, world: str, sensor: str) -> bool:
    """Return whether a world has a device, or had one that sent something."""
    if context.devices.find(world.removeprefix(OWN), sensor) is not None:
        return True
    return len(context.store.catalog.select(Selection(worlds=(world,), sensors=(sensor,)))) > 0


def _device_properties(context: Context, worlds: tuple[str, ...]) -> list[str]:
    """Return the properties that the devices of some worlds have sent."""
    catalog = context.store.catalog
    return sorted({catalog[number].property for number in catalog.select(Selection(worlds=worlds)).tolist()})


def check_sensor(context: Context, sensor: str, pilot: str = "", *, among_devices: bool = False) -> None:
    """Raise 404, naming the pilot's device or similar sensors, unless the city has this one and not only devices are meant."""
    if among_devices:
        raise Problem("unknown-sensor", f"There is no device {sensor!r}. List yours with /v1/devices.", allowed=[])
    if sensor not in context.sensors:
        if pilot and _is_device(context, own := world_of(pilot), sensor):
            detail = (
                f"The city has no sensor {sensor!r}, but you have a device of this name: /v1/devices/{sensor}. "
                f"Its readings are found with world={own}."
            )
            raise Problem("unknown-sensor", detail, allowed=[])
        similar = context.sensors.similar(sensor)
        hint = f"Did you mean {' or '.join(similar)}?" if similar else "List sensors with /v1/sensors."
        raise Problem("unknown-sensor", f"There is no sensor {sensor!r}. {hint}", allowed=similar)


def check_kinds_and_districts(context: Context, kinds: Collection[str], districts: Collection[str]) -> None:
    """Raise 422, naming the allowed, unless the city has them all."""
    check_names("kind", kinds, KINDS)
    check_names("district", districts, context.city.district_by_id)


def kinds_observing(properties: Collection[str], kinds: Collection[str] = ()) -> list[str]:
    """Return the kinds, of some or of all, that observe one of some properties; 422 if one is observed by none."""
    check_names("kind", kinds, KINDS)
    check_names("property", properties, QUANTITIES)
    found = [name for name in kinds or KINDS if set(properties) & set(KINDS[name].properties)]
    if not found:
        observed = list(dict.fromkeys(name for kind in kinds for name in KINDS[kind].properties))
        detail = f"{', '.join(kinds)} observe no {' or '.join(properties)}; use {', '.join(observed)}"
        raise invalid("property", detail, allowed=observed)
    return found


def check_names(parameter: str, names: Collection[str], allowed: Collection[str]) -> None:
    """Raise 422, naming the allowed, for a name that is not among them."""
    for name in names:
        if name not in allowed:
            raise invalid(parameter, f"there is no {name!r}; use {', '.join(allowed)}", allowed=list(allowed))
