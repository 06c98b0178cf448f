"""Puts the simulators together: the shared city, which hosts the private worlds, or one of these."""

import os
import threading

import numpy.ctypeslib  # these two numpy loads when they are first needed: here for all forks, or by each world anew
import numpy.ma  # noqa: F401

from sandbox.parts import PATIENCE, broker_of, city_of, moment
from sandbox.settings import Settings
from sandbox.simulator_parts import host_of, published, scenario_of, template_of, worlds_of
from simulators.events.scenario import planned
from simulators.host.hosting import HostControl
from simulators.host.taking_up import recipe_for
from simulators.host.worlds import recipe_in
from simulators.record.digest import Digest
from simulators.record.record import Pace, Record, load_secret
from simulators.world.world import TICK, World
from zenata.city.derived import derive
from zenata.city.model import PRIVATE, City
from zenata.errors import SetupError
from zenata.process.files import held
from zenata.process.template import Template, fork_on_request
from zenata.wire.address import Address
from zenata.worlds.files import FolderFiles
from zenata.worlds.folders import WorldFolders
from zenata.worlds.index import HOLDER


def simulate(settings: Settings, city: City | None = None) -> None:
    """Run a world and publish it; beside the shared city, host the private worlds. With ``--join``, see `host_worlds`."""
    address = broker_of(settings)
    city = city or city_of(settings.city)
    if settings.join:
        from sandbox.host import host_worlds, run_held  # here alone: it loads the client of NATS

        (run_held if HOLDER in os.environ else host_worlds)(settings, address, city)
        return
    private = settings.world.startswith(PRIVATE)
    if private and recipe_in(FolderFiles(settings.world_dir)) is None:
        raise SetupError(f"there is no world {settings.world} in {settings.worlds_dir}")
    template = template_of(settings)
    if not private:
        derive(city)  # the shared city needs it, and all forks have it then
    if not private and template.fork_here():  # before there is any thread
        become_world(city)
        return
    with held(settings.world_dir, PATIENCE):  # one that was killed just now may still be leaving its checkpoint
        if private:
            _simulate_private(settings, address, city)
        else:
            _simulate_shared(settings, address, city, template)


def become_world(city: City) -> None:
    """Wait as a template of private worlds, and become one in each fork."""
    fork_on_request()
    simulate(Settings(), city)


def simulate_on_request(settings: Settings) -> None:
    """Load the city, and be a template of private worlds."""
    city = city_of(settings.city)
    derive(city)
    become_world(city)


def _simulate_shared(settings: Settings, address: Address, city: City, template: Template) -> None:
    record, worlds = Record(settings.world_dir), worlds_of(settings, WorldFolders(settings.worlds_dir))
    start = moment("--start", settings.start)
    before = record.recipe()
    secret = load_secret(settings.secret_file, make=before is None or not before.sealed)
    recipe = recipe_for(record, city, seed=settings.seed, start=start, scenario=scenario_of(settings), secret=secret)
    pace = Pace(speed=settings.speed)
    with published(settings, address, record, city, recipe, pace, worlds, secret) as (simulation, stop, control):
        control.verbs |= HostControl(worlds, city, lambda: simulation.running.world.domains).verbs
        host = host_of(settings, address, city, worlds, template)
        hosting = threading.Thread(target=host.run, args=(stop,), name="hosting")
        hosting.start()
        try:
            control.run()
        finally:
            stop.set()
            hosting.join()


def _simulate_private(settings: Settings, address: Address, city: City) -> None:
    record = Record(settings.world_dir)
    recipe = record.recipe()
    if recipe is None or recipe.city != city.id:
        raise SetupError(f"the world {settings.world} is not of city {city.id}")
    pace, index = record.pace() or Pace(), WorldFolders(settings.worlds_dir)
    worlds, secret = worlds_of(settings, index), load_secret(settings.secret_file)
    with published(settings, address, record, city, recipe, pace, worlds, secret) as (_, _, control):
        control.run(settings.world_idle * 3600)


def digest(settings: Settings, until: str) -> str:
    """Simulate from ``settings.start`` up to `until` without a broker; return the hash of all that would be published."""
    start = moment("--start", settings.start)
    end = moment("--digest-end", until, start)
    if start is None or end is None or end <= start:
        raise SetupError("a digest needs --start and a later --digest-end")
    city, seed = city_of(settings.city), 1 if settings.seed is None else settings.seed
    world = World(city, seed=seed, start=start, events=planned(city, scenario_of(settings), start // TICK * TICK))
    digest = Digest()
    while world.time + TICK < end:
        digest.update(world.step())
    return digest.hexdigest()
