"""How a world is made, and taken up again where it was left."""

import logging

from simulators.events.scenario import planned
from simulators.record.journal import Entry
from simulators.record.record import Recipe, Record, seal_of
from simulators.record.run import Run
from simulators.world.world import TICK
from zenata.city.clock import SECOND, ZONE_RULES, WallClock, format_time
from zenata.city.model import City
from zenata.errors import SetupError

log = logging.getLogger(__name__)

CATCH_UP = 3600 * SECOND
"""Longest absence of a live city that it simulates and publishes late [us]."""


def recipe_for(
    record: Record,
    city: City,
    *,
    seed: int | None,
    start: int | None,
    scenario: str | None = None,
    secret: bytes | None = None,
) -> Recipe:
    """Return the recipe of a world: the stored one, or a new one.

    Parameters
    ----------
    record : Record
    city : City
    seed : int or None
        None takes the stored one, or 1.
    start : int or None
        First moment [us since the Unix epoch]; None takes the stored one, or follows the time of day.
    scenario : str or None
        Of a new world: see `simulators.events.scenario.planned`.
    secret : bytes or None
        Seals a new world. One that was made before stays as it is.

    Raises
    ------
    SetupError
        If the stored recipe differs from the options.
    ScenarioError
        If it is no scenario.
    """
    before = record.recipe()
    if before is None:
        first = (WallClock().now() if start is None else start) // TICK * TICK
        recipe = Recipe(
            city=city.id,
            seed=1 if seed is None else seed,
            start=first,
            live=start is None,
            events=tuple(planned(city, scenario, first)),
            sealed=seal_of(secret) if secret else "",
            zone_rules=ZONE_RULES,
        )
        record.save_recipe(recipe)
        return recipe
    requested = {
        "city": (city.id, before.city),
        "--seed": (seed, before.seed),
        "--start": (
            None if start is None else format_time(start // TICK * TICK),
            "now" if before.live else format_time(before.start),
        ),
    }
    for name, (wanted, there) in requested.items():
        if wanted is not None and wanted != there:
            raise SetupError(
                f"this data directory holds a world with {name} {there}, not {wanted}: "
                f"leave the option out to go on, or choose another --data-dir"
            )
    return before


def take_up(record: Record, city: City, recipe: Recipe, now: int, secret: bytes | None = None) -> Run:
    """Return the run of a world from its last checkpoint, or from its start.

    A live city that was away for longer than `CATCH_UP` restarts at `now` [us]; messages and meters
    count on from where it ended or was killed: what nobody simulated is not made up. In the same way a
    shared city that was made when there were no secrets is sealed from the next tick on.
    """
    secret = record.secret() or secret
    run = Run(city, recipe, record.journal(), record, labelled=not recipe.trial, secret=secret)
    away = now - run.time
    was_away = recipe.live and away > CATCH_UP
    seal = seal_of(secret) if secret and not recipe.owner and not run.sealed else ""
    if was_away:
        log.warning("the city was away for %.1f h and goes on from now; there are no readings between", away / 3.6e9)
    if seal:
        log.warning("the city had no secret; it is sealed from now on, so that nobody can compute what is to come")
    if was_away or seal:
        while not run.caught_up:
            run.step()
        run.do([Entry(at=run.time, restart=now if was_away else run.time + TICK, sealed=seal)])
    return run
