"""Parts of simulators: a world with its broker and its control, the host of private worlds, and their template."""

import logging
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from secrets import token_hex

from sandbox.parts import AWAITED_FILE, PATIENCE
from sandbox.settings import Settings
from sandbox.stores import open_sink
from simulators.host.control import WorldControl
from simulators.host.encoder import Encoder
from simulators.host.fast_forward import FastForward
from simulators.host.hosting import Host
from simulators.host.service import Simulation
from simulators.host.taking_up import take_up
from simulators.host.worlds import Limits, Worlds
from simulators.record.record import Pace, Recipe, Record
from zenata.city.clock import WallClock
from zenata.city.model import PRIVATE, City
from zenata.errors import BrokerError
from zenata.process.signals import stop_on_signal
from zenata.process.supervisor import Program
from zenata.process.template import Template
from zenata.wire import topics
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher
from zenata.worlds.index import WorldIndex

_LOOK = 0.02  # between two looks whether it is there [s]
_TEMPLATE = (sys.executable, "-P", "-m", "sandbox", "template", "world")  # see `sandbox.simulate.become_world`
_NICE = 5  # how far private worlds stand back behind the shared city: a third of its share of a busy processor


def scenario_of(settings: Settings) -> str | None:
    """Return the scenario of a new city: the text of a file, or else a name."""
    if settings.scenario is None or not Path(settings.scenario).is_file():
        return settings.scenario
    return Path(settings.scenario).read_text(encoding="utf-8")


@contextmanager
def published(
    settings: Settings,
    address: Address,
    record: Record,
    city: City,
    recipe: Recipe,
    pace: Pace,
    worlds: Worlds,
    secret: bytes | None,
) -> Iterator[tuple[Simulation, threading.Event, WorldControl]]:
    """Put a world together with its broker and its control server; a broker lost while it ends is no failure."""

    def receive(topic: str, payload: bytes) -> None:
        control.activity.touch()
        simulation.receive(topic, payload)

    run = take_up(record, city, recipe, WallClock().now(), secret)
    publisher = Publisher(
        address,
        client_id=f"simulators-{token_hex(8)}",
        filters=[topics.commands(settings.world)],
        on_message=receive,
    )
    fast_forward = None
    if not (settings.join and settings.is_embedded):  # a store in our data directory is not that of the city
        fast_forward = FastForward(run, settings.world, record, partial(open_sink, settings))
    simulation = Simulation(
        run=run,
        encoder=Encoder(city, settings.world),
        publisher=publisher,
        record=record,
        pace=pace,
        packs=recipe.packs if recipe.owner else settings.packs,
        max_rate=settings.world_rate if recipe.owner else math.inf,
        fast_forward=fast_forward,
    )
    stop = threading.Event()
    control = WorldControl(name=settings.world, simulation=simulation, record=record, worlds=worlds, stop=stop)
    _await_ingest()
    with publisher:
        publisher.connect(PATIENCE)
        stop_on_signal(stop.set, publisher.cancel)
        try:
            with worlds.index.serving(settings.world, control.handle):
                yield simulation, stop, control
        except BrokerError:
            if not stop.is_set():
                raise


def _await_ingest() -> None:
    """Wait until ingest has subscribed, where `zenata up` starts both at once: a broker queues nothing before."""
    file = os.environ.get(AWAITED_FILE)
    while file and not Path(file).exists():
        time.sleep(_LOOK)


def worlds_of(settings: Settings, index: WorldIndex) -> Worlds:
    """Return the private worlds of an index, within the limits of the settings."""
    return Worlds(index, Limits(of_one=settings.worlds_of_one, in_all=settings.worlds_in_all))


def host_of(
    settings: Settings, address: Address, city: City, worlds: Worlds, template: Template, **variables: str
) -> Host:
    """Return what keeps a process for each world that is to run here, with more environment variables."""
    return Host(
        worlds=worlds,
        program=partial(_world_program, settings, variables),
        template=template,
        logs=settings.data_dir / "logs",
        clear=partial(_clear, address, city),
        keep_for=settings.world_kept * 3600,
    )


def _world_program(settings: Settings, variables: dict[str, str], name: str) -> Program:
    """Return how to run a private world: so that it stands back behind the shared city."""
    env = settings.environment(world=name, seed=None, start=None, scenario=None) | variables
    return Program(name=name, args=_TEMPLATE, env=env, nice=_NICE if name.startswith(PRIVATE) else 0)


def _clear(address: Address, city: City, world: str) -> None:
    """Take what the broker has retained of a world away from it."""
    with Publisher(address, client_id=f"simulators-{token_hex(8)}") as publisher:
        publisher.connect(PATIENCE)
        for message in Encoder(city, world).silence():
            publisher.publish(message.topic, message.payload, retain=message.retain)
        if not publisher.drain(PATIENCE):
            raise BrokerError(f"the broker at {address} does not take the messages that clear world {world}")


def template_of(settings: Settings, **variables: str) -> Template:
    """Return the template of private worlds, with more environment variables."""
    env = settings.environment(seed=None, start=None, scenario=None) | variables
    return Template(_TEMPLATE, env, settings.data_dir / "logs" / "worlds.log", logging.getLogger(__name__).warning)
