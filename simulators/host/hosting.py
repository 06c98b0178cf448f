"""Hosting private worlds: a process for each that is to run, beside that of the shared city.

The host looks at the index of worlds (`zenata.worlds.index`) again and again, and starts and ends processes until they
agree with it. It keeps nothing of its own, so it may be killed at any moment; its children end with it, and the next host starts
them again.
"""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simulators.domains.base import Domain
from simulators.events.registry import describe_types, effect_of
from simulators.events.scenario import planned
from simulators.host.requests import (
    DeleteRequest,
    NewTrialWorldRequest,
    NewWorldRequest,
    ViewRequest,
    WorldRequest,
    read_arguments,
    read_speed,
    read_time,
)
from simulators.host.trials import trial_recipe
from simulators.host.worlds import Worlds, recipe_in
from simulators.record.record import Pace, Recipe
from simulators.world.world import SIMULATED, TICK
from zenata.city.clock import EARLIEST, LATEST, ZONE_RULES, WallClock, format_time
from zenata.city.model import City
from zenata.contract.worlds import World as WorldDocument
from zenata.errors import BrokerError, ControlError
from zenata.process.supervisor import GivenUp, Program, Supervisor
from zenata.process.template import Template

log = logging.getLogger(__name__)

_WATCH = 0.3  # pause between two looks at folders and processes [s]


class Host:
    """Keeps a process for every world that is to run.

    Parameters
    ----------
    worlds : Worlds
    program : callable
        Returns how to run a world, by name.
    template : Template
        Of the processes.
    logs : Path
        Folder of what the processes say.
    clear : callable
        Takes what the broker has retained of a world away from it, by name.
    keep_for : float
        How long a world that does not run is kept [s].
    """

    def __init__(
        self,
        *,
        worlds: Worlds,
        program: Callable[[str], Program],
        template: Template,
        logs: Path,
        clear: Callable[[str], None],
        keep_for: float,
    ) -> None:
        self._worlds, self._program, self._template = worlds, program, template
        self._logs, self._clear, self._keep_for = logs, clear, keep_for
        self._running: dict[str, Supervisor] = {}

    def run(self, stop: threading.Event) -> None:
        """Look after the worlds until `stop` is set, then end their processes.

        It needs a thread of its own: starting and ending processes takes time, and they end with this thread.
        """
        while not stop.is_set():
            try:
                self.look()
            except Exception:
                log.exception("looking after the worlds failed; trying again")
            stop.wait(_WATCH)
        for name, supervisor in self._running.items():
            supervisor.signal(name, signal.SIGTERM)  # all at once, before waiting for each
        for name in list(self._running):
            self._end(name)
        self._template.close()

    def look(self) -> None:
        """Start and end what the index says."""
        index = self._worlds.index
        wanted = index.to_run()
        for name in self._running.keys() - wanted:
            self._end(name)
        for name in wanted - self._running.keys():
            self._start(name)
        for name, supervisor in list(self._running.items()):
            try:
                supervisor.check()
            except GivenUp as failure:
                log.error("world %s: %s", name, failure)
                self._end(
                    name
                )  # first: while a full disk keeps it from being marked, it is tried again, and holds up no other
                index.mark(name, "failed", str(failure))
        for name in set(index.names()) - self._running.keys():  # what runs ends first, at the next look
            if index.marker(name) == "deleted":
                self._remove(name)
            elif index.stopped_for(name) > self._keep_for:
                log.info("world %s was not used for long and is deleted", name)
                index.mark(name, "deleted")

    def _start(self, name: str) -> None:
        supervisor = Supervisor(logs=self._logs, say=log.warning, launch=self._template.launch)
        supervisor.start(self._program(name))
        self._running[name] = supervisor
        log.info("world %s runs", name)

    def _end(self, name: str) -> None:
        self._running.pop(name).stop()
        log.info("world %s does not run any more", name)

    def _remove(self, name: str) -> None:
        """Let a world vanish whose process has ended; its files go last, so that all of it is done, if need be at the next look."""
        if not self._worlds.index.claim(name):
            return
        try:
            self._clear(name)
        except BrokerError as error:
            log.warning("world %s is deleted as soon as the broker lets us: %s", name, error)
            return
        for file in self._logs.glob(f"{name}.log*"):
            file.unlink()
        self._worlds.index.remove(name)
        log.info("world %s is deleted", name)


class HostControl:
    """The verbs of the process that hosts worlds.

    Parameters
    ----------
    worlds : Worlds
    city : City
    domains : callable
        Returns the physics of the city, on which scenarios are tried.

    Attributes
    ----------
    verbs : dict of str to callable
    """

    def __init__(self, worlds: Worlds, city: City, domains: Callable[[], Mapping[str, Domain]]) -> None:
        self._worlds, self._city, self._domains = worlds, city, domains
        self.verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "create": self._create,
            "create-trial": self._create_trial,
            "delete": self._delete,
            "worlds": self._list,
            "wake": self._wake,
            "event-types": lambda _: describe_types(),
        }

    def _create(self, arguments: dict[str, Any]) -> WorldDocument:
        request = read_arguments(arguments, NewWorldRequest)
        recipe = self._recipe(request)
        name = self._worlds.make(
            recipe, Pace(state=request.state, speed=read_speed(request.speed, 1.0)), max_worlds=request.max_worlds
        )
        return self._worlds.wait_for(name)

    def _create_trial(self, arguments: dict[str, Any]) -> WorldDocument:
        request = read_arguments(arguments, NewTrialWorldRequest)
        name = self._worlds.make(
            trial_recipe(self._city, request),
            Pace(state="paused", publish=False)
            if request.speed is None
            else Pace(speed=read_speed(request.speed, 1.0)),
            secret=request.seed.key,
        )
        return self._worlds.wait_for(name)

    def _recipe(self, request: NewWorldRequest) -> Recipe:
        city = self._city
        now = WallClock().now()
        start = now if request.start is None else read_time("start", request.start, now)
        if not EARLIEST <= start < LATEST:
            raise ControlError(f"start is outside {format_time(EARLIEST)} to {format_time(LATEST)}", "invalid")
        _check_known("kind", request.kinds, set(SIMULATED))
        _check_known("district", request.districts, set(city.district_by_id))
        start = start // TICK * TICK
        events = planned(city, request.scenario, start)
        if len({event.id for event in events}) < len(events):
            raise ControlError("two events of the scenario have the same id", "invalid")
        for event in events:
            effect_of(event, city, self._domains(), request.seed)
        return Recipe(
            city=city.id,
            seed=request.seed,
            start=start,
            live=False,
            events=tuple(events),
            kinds=request.kinds,
            districts=request.districts,
            owner=request.owner,
            packs=request.packs,
            blind=request.blind,
            publish=request.publish,
            zone_rules=ZONE_RULES,
        )

    def _delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        request = read_arguments(arguments, DeleteRequest)
        name = request.world
        self._worlds.index.check(name)
        recipe = recipe_in(self._worlds.index.files(name))
        if recipe and recipe.trial and recipe.trial != request.trial:
            raise ControlError(f"this is the world of the trial {recipe.trial}: cancel that instead", "conflict")
        self._worlds.index.mark(name, "deleted")
        return {"world": name, "state": "deleted"}

    def _list(self, arguments: dict[str, Any]) -> list[WorldDocument]:
        view = read_arguments(arguments, ViewRequest)
        statuses = []
        for name in self._worlds.index.names():
            try:
                statuses.append(self._worlds.status(name, used=False, full=view.full))
            except ControlError:
                continue  # it is being removed
        return statuses

    def _wake(self, arguments: dict[str, Any]) -> WorldDocument:
        name = read_arguments(arguments, WorldRequest).world
        self._worlds.index.wake(name)
        return self._worlds.wait_for(name)


def _check_known(what: str, names: tuple[str, ...], known: set[str]) -> None:
    if unknown := [name for name in names if name not in known]:
        raise ControlError(f"unknown {what} {unknown[0][:80]!r}: use {', '.join(sorted(known))}", "invalid")
