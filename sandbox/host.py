"""Hosts of a cluster: `zenata simulate --join` makes a machine run worlds that several machines share."""

import logging
import math
import os
import socket
import sys
from contextlib import suppress
from functools import cache, partial

from sandbox.parts import moment
from sandbox.settings import Settings
from sandbox.simulator_parts import host_of, published, scenario_of, template_of, worlds_of
from simulators.host.control import dispatch
from simulators.host.hosting import HostControl
from simulators.host.taking_up import recipe_for
from simulators.record.record import Pace, Record
from simulators.world.world import World
from zenata.city.clock import WallClock
from zenata.city.model import PRIVATE, City
from zenata.errors import BrokerError, SetupError
from zenata.process.signals import stop_on_signal
from zenata.wire.address import Address
from zenata.worlds.bucket import Bucket
from zenata.worlds.cluster import HOSTS, WorldCluster
from zenata.worlds.connection import BucketError, Conflict
from zenata.worlds.index import HOLDER
from zenata.worlds.lease import LeaseLostError
from zenata.worlds.placement import HostedWorlds

log = logging.getLogger(__name__)


def host_worlds(settings: Settings, address: Address, city: City) -> None:
    """Run worlds of the cluster until SIGINT or SIGTERM: those that this machine claims."""
    with Bucket(settings.join or "") as bucket:
        index = HostedWorlds(bucket, settings.host_name or socket.gethostname())
        secret = index.secret()
        _make_shared(settings, index, city, secret)
        worlds = worlds_of(settings, index)

        @cache
        def tried() -> World:  # on which scenarios are tried; made once one is
            return World(city, seed=1, start=WallClock().now(), warm_up=False)

        control = HostControl(worlds, city, lambda: tried().domains)
        stop = stop_on_signal()
        with index.serving(HOSTS, partial(dispatch, control.verbs)):
            token = {HOLDER: index.token}
            host_of(settings, address, city, worlds, template_of(settings, **token), **token).run(stop)
        index.leave()


def _make_shared(settings: Settings, index: HostedWorlds, city: City, secret: bytes) -> None:
    """Make the shared city, if no host has done so; else check that it is the one that the options ask for."""
    start = moment("--start", settings.start)
    chosen = {"seed": settings.seed, "start": start, "scenario": scenario_of(settings), "secret": secret}
    if settings.world not in index.all_names():
        with suppress(Conflict), index.draft(settings.world) as draft:  # another host may be quicker
            recipe_for(Record(draft.files), city, **chosen)  # type: ignore[arg-type]  # they are of different types
            Record(draft.files).save_pace(Pace(speed=settings.speed))
    recipe_for(Record(index.files(settings.world)), city, **chosen)  # type: ignore[arg-type]  # as above


def run_held(settings: Settings, address: Address, city: City) -> None:
    """Run a world that our host has claimed, until it is stopped, idle or lost to another host."""
    try:
        _run_held(settings, address, city)
    except (LeaseLostError, BucketError, BrokerError) as error:
        log.error("%s", error)
        sys.exit(1)  # not 2, by which a host takes the world for failed


def _run_held(settings: Settings, address: Address, city: City) -> None:
    holder, world = os.environ[HOLDER], settings.world
    with Bucket(settings.join or "") as bucket:
        index = WorldCluster(bucket)
        files = index.take(
            world,
            lambda _, lease: lease.holder in ("", holder),
            holder,
            settings.host_name or socket.gethostname(),
        )
        if files is None:
            log.error("another host has the world %s", world)
            sys.exit(1)
        files.hold()
        record = Record(files)
        recipe = record.recipe()
        if recipe is None or recipe.city != city.id:
            raise SetupError(f"the world {world} is not of city {city.id}")
        worlds, pace = worlds_of(settings, index), record.pace() or Pace()
        try:
            with published(settings, address, record, city, recipe, pace, worlds, index.secret()) as parts:
                _, stop, control = parts
                files.on_lost = stop.set
                control.run(settings.world_idle * 3600 if world.startswith(PRIVATE) else math.inf)
        except LeaseLostError as error:
            log.error("%s", error)
            sys.exit(1)  # not 2, by which a host takes it for failed
        finally:
            files.release()
