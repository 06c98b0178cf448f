"""One running instance of a city: truth from the domains, readings from the instruments, tick by tick."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.domains.base import COUNTERS, Domain, sensors_of
from simulators.domains.registry import DOMAINS, SIMULATED, needed
from simulators.events.base import Effect, Event
from simulators.events.registry import effect_of
from simulators.events.repair import Repair, found
from simulators.world.conditions import TICK, Conditions
from simulators.world.delivery import BATTERY, Delivery, Messages
from simulators.world.disturbance import Disturbance
from simulators.world.emission import Emission, rank, span
from simulators.world.measurement import Channels, Measurement
from simulators.world.sampling import Changes, Schedule
from simulators.world.selection import LazyDomains, is_listed
from simulators.world.timeline import Timeline
from zenata.city.model import City
from zenata.city.readings import FloatArray
from zenata.errors import CityError

__all__ = ["SIMULATED", "TICK", "World"]
WARM_UP = 180
"""Ticks that a new world runs unseen, so that its streets fill and its air mixes."""

_LASTING = ("world.seq", "setpoints.")  # what outlasts an absence, beside the counters
_VARYING = "delivery."  # what varies in length


class World:
    """A city at a time, moved on a tick at a time.

    Equal cities, seeds, starts, events, commands and ticks give equal emissions, however a run is cut, saved and restored.

    Parameters
    ----------
    city : City
    seed : int
        From 0 to 2**64 - 1.
    start : int
        Of the first tick [us since the Unix epoch]; rounded down to a tick.
    events : iterable of Event
        What is known to happen.
    kinds, districts : collection of str
        Whose sensors publish; empty for all. Only the domains that these kinds need are computed
        (`simulators.domains.registry.NEEDS`), with the values that the whole city has, and no other kinds are read.
    warm_up : bool
        Whether it runs unseen at first; not needed by one that is about to be restored.

    Attributes
    ----------
    time : int
        Of the last tick [us]; a tick before `start` at first.
    timeline : Timeline
        What is known to happen or has happened, and the crews that were sent.

    Raises
    ------
    CityError
        If the city lacks a table that a domain needs.
    ScenarioError
        If an event does not fit the city.
    """

    def __init__(
        self,
        city: City,
        *,
        seed: int,
        start: int,
        events: Iterable[Event] = (),
        kinds: Collection[str] = (),
        districts: Collection[str] = (),
        warm_up: bool = True,
    ) -> None:
        first = start // TICK * TICK
        self.city = city
        self._now = Conditions.of(city, seed=seed, time=first - (WARM_UP + 1) * TICK)
        self.domains: dict[str, Domain] = {}
        self._kinds, self._districts = frozenset(kinds), frozenset(districts)
        self._now.unread = SIMULATED - self._kinds if kinds else frozenset()
        for name in needed(kinds):
            self.domains[name] = DOMAINS[name](city, self._now)
            self.domains[name].step(self._now)
        self._computed = frozenset(domain.kind for domain in self.domains.values() if domain.kind is not None)
        self.channels = Channels.of(city)
        self._observed = {
            name: span(self.channels.gather(sensors_of(city, domain.kind))[0])
            for name, domain in self.domains.items()
            if domain.kind is not None and domain.kind not in self._now.unread
        }
        self._position = {sensor.id: index for index, sensor in enumerate(city.sensors)}
        self._listed = np.array([is_listed(sensor.kind, sensor.district, kinds, districts) for sensor in city.sensors])
        read = self._computed - self._now.unread
        self._live = np.array([sensor.kind in read for sensor in city.sensors], dtype=np.bool_)
        self._measurement = Measurement(self.channels, seed)
        self._delivery = Delivery(city, self.channels)
        self._schedule = Schedule(city, read, seed)
        self._changes = Changes(city, self.channels, read)
        self._truth = np.full(len(self.channels), np.nan)
        self._seq = np.zeros(len(city.sensors), dtype=np.int64)
        self.timeline = Timeline(self._effect_of)
        self._commanded: list[int] = []  # sensors that were commanded since the last tick, and report at once
        for event in events:
            self.timeline.inject(event)
        while warm_up and self._now.time < first - TICK:
            self._move(self._now.time + TICK)
        self._observe()

    @property
    def messages(self) -> int:
        """How many messages its sensors have published."""
        return int(self._seq[self._listed].sum())

    @property
    def time(self) -> int:
        """Time of the last tick [us since the Unix epoch]; a tick before the start at first."""
        return self._now.time

    def found(self, repair: Repair) -> list[str]:
        """Return what a crew finds when it comes, by type."""
        return found(repair, self.timeline.repairs, self.timeline.effects, self.domains, self._now)

    def check_command(self, kind: str, sensor: str, values: Mapping[str, float | None]) -> str | None:
        """Return why a device could never obey a command, or None if it could; see `command`."""
        if refusal := self._now.setpoints.check(kind, sensor, values):
            return refusal
        return None if kind in self._computed else f"this world has no sensors of kind {kind}"

    def command(self, kind: str, sensor: str, values: Mapping[str, float | None]) -> str | None:
        """Tell a device what to do from the next tick on, at which it reports; return why it will not, or None if it will.

        Parameters
        ----------
        kind, sensor : str
        values : mapping of str to float or None
            New value by setting (`zenata.city.kinds.Kind.settings`); None gives it back to the device's own control.
        """
        setpoints = self._now.setpoints
        refusal = self.check_command(kind, sensor, values) or setpoints.refusal(kind, sensor, values)
        refusal = refusal or self._silence(sensor)
        if refusal is None:
            setpoints.put(kind, sensor, values)
            self._commanded.append(self._position[sensor])
        return refusal

    def step(self, every: int = TICK) -> Emission:
        """Move on to the next multiple of `every` and return what the sensors publish.

        Parameters
        ----------
        every : int
            Length of the tick [us], a multiple of `TICK`. A world of longer ticks is the same city, simulated in coarser
            steps.
        """
        before = self._now.tick
        self.skip(every)
        self._observe()
        changed = self._changes.see(self._truth)
        changed = changed[~self._now.disturbance.stuck[changed]]  # what does not see a change does not report it
        publishes = self._seq == 0
        for some in (self._schedule.due(before, self._now.tick), changed, self._commanded):
            publishes[some] = True
        self._commanded.clear()
        sensors = np.flatnonzero(publishes & self._live).astype(np.int32)
        channels, _ = self.channels.gather(sensors)
        read = self._measurement.read(self._truth, channels, self._now)
        messages = self._delivery.messages(self._now, sensors, read)
        return self._emit(self._delivery.send(self._now, messages, self._seq[sensors] == 0))

    def skip(self, every: int = TICK) -> None:
        """Move on as `step` does, unseen: nothing is measured, and nothing published."""
        self._move((self.time // every + 1) * every)

    def truth(self) -> FloatArray:
        """Return the true value of every channel now, shape (n_channels,) [units of the quantities].

        Channels are those of `simulators.world.measurement.Channels`; of kinds that do not publish they are NaN. The
        truth is never published.
        """
        return self._truth.copy()

    def seen(self, without: str = "") -> FloatArray:
        """Return what every channel would show now but for noise and resolution, shape (n_channels,) [units of the quantities].

        NaN where no message arrives: of sensors without power and behind gateways that are down, and of kinds that do
        not publish.

        Parameters
        ----------
        without : str
            Id of an event whose effect on instruments is left out; what it has done to the city stays.
        """
        if not without:
            return self._seen()
        usual, self._now.disturbance = self._now.disturbance, Disturbance(self.city)
        try:
            for event, effect in self.timeline.effects:
                if event.id != without and event.under_way(self.time):
                    effect.disturb(self._now)
            return self._seen()
        finally:
            self._now.disturbance = usual

    def _seen(self) -> FloatArray:
        seen = self._measurement.expected(self._truth, self._now)
        received = self._delivery.alive(self._now) & ~self._now.disturbance.held
        seen[np.repeat(~received, self.channels.count)] = np.nan
        return seen

    def copy(self, without: str = "") -> "World":
        """Return another world in the same state, in which all that is known to happen happens, but for one event.

        Parameters
        ----------
        without : str
            Id of that event.
        """
        other = World(
            self.city,
            seed=self._now.seed,
            start=self.time + TICK,
            kinds=self._kinds,
            districts=self._districts,
            warm_up=False,
        )
        other.timeline.adopt(self.timeline, without)
        other.restore(self.state())
        return other

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return a copy of everything that changes as the world moves, by name."""
        state = {"world.time": np.array(self.time)}
        state.update({name: array.copy() for name, array in (self._arrays() | self._varying()).items()})
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Continue where `state` was saved, bit for bit; the city and the seed must be those of then.

        Raises
        ------
        CityError
            If the state is not of this city, or of another version of its domains.
        """
        arrays, varying = self._arrays(), self._varying()
        expected = {"world.time": (), **{name: array.shape for name, array in arrays.items()}}
        found = {name: array.shape for name, array in state.items() if name not in varying}
        wrong = {name for name in expected | found if expected.get(name) != found.get(name)} | varying.keys() - state
        if wrong:
            raise CityError(f"the saved state does not fit this city: {', '.join(sorted(wrong))}")
        for name, array in arrays.items():
            array[...] = state[name]
        self._delivery.restore({name.removeprefix(_VARYING): state[name].copy() for name in varying})
        self._now.move_to(int(state["world.time"]))

    def inherit(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over from a state of the same city what outlasts an absence: message numbers, counters and setpoints.

        Raises
        ------
        CityError
            As `restore`.
        """
        lasting = {n: a for n, a in state.items() if n.startswith(_LASTING) or n.partition(".")[2] in COUNTERS}
        self.restore({**{name: array for name, array in self.state().items() if name not in lasting}, **lasting})

    def _effect_of(self, event: Event) -> Effect:
        return effect_of(event, self.city, LazyDomains(self.city, self._now.seed, self.domains), self._now.seed)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the very arrays that change, by name."""
        arrays = {"world.truth": self._truth, "world.seq": self._seq, "world.seen": self._changes.seen}
        arrays["measurement.shown"] = self._measurement.shown
        arrays.update({f"setpoints.{key}": array for key, array in self._now.setpoints.arrays.items()})
        for name, domain in self.domains.items():
            arrays.update({f"{name}.{key}": array for key, array in domain.arrays.items()})
        return arrays

    def _varying(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays whose length changes too, by name."""
        return {f"{_VARYING}{name}": array for name, array in self._delivery.arrays.items()}

    def _move(self, time: int) -> None:
        """Move the truth on to a time [us]."""
        now = self._now
        now.move_to(time)
        if now.disturbance.active:
            now.disturbance.clear()
        now.crews = self.timeline.crews
        under_way = [effect for event, effect in self.timeline.effects if event.under_way(time)]
        for effect in under_way:
            effect.disturb(now)
        now.disturbance.active = bool(under_way)
        for domain in self.domains.values():
            domain.step(now)

    def _observe(self) -> None:
        """Write what sensors would see into the truth."""
        for name, channels in self._observed.items():
            self._truth[channels] = self.domains[name].observe(self._now).ravel()

    def _silence(self, sensor: str) -> str | None:
        """Return why a device cannot be reached, or None if it can."""
        index = self._position[sensor]
        faults = self._now.disturbance
        if faults.silent[index] or faults.held[index]:
            return f"{sensor} does not answer: its gateway is down"
        if not self._now.powered[index] and self.city.sensors[index].kind not in BATTERY:
            return f"{sensor} does not answer: it has no power"
        return None

    def _emit(self, messages: Messages) -> Emission:
        """Give messages their numbers, and return them as they are published."""
        sensors = messages.sensors
        seq = self._seq[sensors] + rank(sensors) + 1
        self._seq[sensors] = seq  # of one that comes more than once, the last is the highest
        if not (listed := self._listed[sensors]).all():  # the others count too, so that the noise is the same
            messages, sensors, seq = messages.take(listed), sensors[listed], seq[listed]
        offsets = np.zeros(len(sensors) + 1, dtype=np.int32)
        np.cumsum(messages.count, out=offsets[1:])
        return Emission(
            time=self.time, sensors=sensors, times=messages.times, seq=seq, offsets=offsets, values=messages.values
        )
