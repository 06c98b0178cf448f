"""The simulators service: runs a world against a clock and publishes what its sensors say."""

import logging
import threading
import time
from collections.abc import Callable

from simulators.publish import Encoder
from simulators.record import Recipe, Record
from simulators.world import TICK, World
from zenata.city.clock import SECOND, Clock, ScaledClock, WallClock, format_time
from zenata.city.model import City
from zenata.errors import CityError, SetupError
from zenata.wire.mqtt import Publisher

log = logging.getLogger(__name__)

CHECKPOINT_EVERY = 30.0
"""Time between checkpoints [s]."""

CATCH_UP = 3600 * SECOND
"""The longest absence that a live city makes up for by publishing it late [us]."""

_DRAIN = 3.0  # how long to wait for the broker's acknowledgements before a checkpoint is put off [s]


def recipe_for(record: Record, city: City, *, seed: int | None, start: int | None) -> Recipe:
    """Return how to make the world: as it was made before, or newly.

    Parameters
    ----------
    record : Record
    city : City
    seed : int or None
        None takes what was before, or 1.
    start : int or None
        First moment [us since the Unix epoch]; None takes what was before, or follows the time of day.

    Raises
    ------
    SetupError
        If the world was made in another way than asked for.
    """
    before = record.recipe()
    if before is None:
        now = WallClock().now()
        recipe = Recipe(
            city=city.id,
            seed=1 if seed is None else seed,
            start=(now if start is None else start) // TICK * TICK,
            live=start is None,
        )
        record.keep_recipe(recipe)
        return recipe
    asked = {
        "city": (city.id, before.city),
        "--seed": (seed, before.seed),
        "--start": (
            None if start is None else format_time(start // TICK * TICK),
            "now" if before.live else format_time(before.start),
        ),
    }
    for name, (wanted, there) in asked.items():
        if wanted is not None and wanted != there:
            raise SetupError(
                f"this data directory holds a world with {name} {there}, not {wanted}: "
                f"leave the option out to go on, or choose another --data-dir"
            )
    return before


def resume(record: Record, city: City, recipe: Recipe, now: int) -> World:
    """Return the world as it was at its last checkpoint, or at its start.

    A live city that was away for longer than `CATCH_UP` begins afresh at `now` [us], its messages numbered on and its
    meters counting on, from where it was when it ended or was killed: what nobody simulated is not made up.
    """
    world = World(city, seed=recipe.seed, start=recipe.start)
    state = record.checkpoint()
    if state is not None:
        try:
            world.restore(state)
        except CityError as error:
            raise SetupError(f"{error}; it is of another version or city, so choose another --data-dir") from error
    away = now - world.time
    if recipe.live and away > CATCH_UP:
        log.warning("the city was away for %.1f h and goes on from now; there are no readings between", away / 3.6e9)
        while world.time < (record.reached() or 0):
            world.step()
        before, world = world.state(), World(city, seed=recipe.seed, start=now)
        world.inherit(before)
    elif state is not None:
        log.info("going on from the checkpoint at %s", format_time(world.time))
    return world


def clock_for(recipe: Recipe, world: World, speed: float) -> Clock:
    """Return the clock the world runs by: the time of day, or one of its own that starts where the world is.

    Raises
    ------
    SetupError
        If the time of day is asked to run faster or slower.
    """
    if not recipe.live:
        return ScaledClock(start=world.time + TICK, speed=speed)
    if speed != 1:
        raise SetupError("a city that follows the time of day runs at --speed 1: give it a --start of its own")
    return WallClock()


class Simulation:
    """Steps a world when its time comes, and publishes.

    Parameters
    ----------
    world : World
    encoder : Encoder
    publisher : Publisher
    record : Record
    clock : Clock
    speed : float
        World seconds per wall second, as told on the clock topic.
    packs : bool
        Whether each district's readings are published as one pack too.
    """

    def __init__(
        self,
        *,
        world: World,
        encoder: Encoder,
        publisher: Publisher,
        record: Record,
        clock: Clock,
        speed: float,
        packs: bool = False,
    ) -> None:
        self._world = world
        self._encoder = encoder
        self._publisher = publisher
        self._record = record
        self._clock = clock
        self._speed = speed
        self._packs = packs

    def run(self, stop: threading.Event, on_tick: Callable[[], None] = lambda: None) -> None:
        """Run until `stop` is set, then leave a checkpoint."""
        saved = time.monotonic()
        while not stop.is_set():
            if not self._clock.wait_until(self._world.time + TICK, 0.25):
                continue
            self._tick()
            on_tick()
            if time.monotonic() - saved > CHECKPOINT_EVERY:
                self._checkpoint()
                saved = time.monotonic()
        self._checkpoint()

    def _tick(self) -> None:
        self._record.keep_reached(self._world.time + TICK)
        emission = self._world.step()
        for topic, payload in self._encoder.telemetry(emission):
            self._publisher.publish(topic, payload, retain=True)
        if self._packs:
            for topic, payload in self._encoder.packs(emission):
                self._publisher.publish(topic, payload)
        topic, payload = self._encoder.clock(emission.time, self._speed)
        self._publisher.publish(topic, payload, retain=True)

    def _checkpoint(self) -> None:
        if self._publisher.drain(_DRAIN):
            self._record.keep_checkpoint(self._world.state())
        else:
            log.warning("the broker has not acknowledged everything; the checkpoint is put off")
