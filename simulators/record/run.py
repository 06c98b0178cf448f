"""Run of a world with its record: interventions are journalled, so that it can be stopped, resumed and replayed."""

import logging
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from simulators.labels.shadows import Shadows, part_of
from simulators.record.digest import Digest
from simulators.record.journal import Entry, Journal
from simulators.record.record import Mark, Recipe, Record, seed_of
from simulators.record.states import State
from simulators.world.emission import Emission
from simulators.world.timeline import Timeline
from simulators.world.world import World
from zenata.city.clock import SECOND, format_time
from zenata.city.model import City
from zenata.errors import CityError, SetupError

log = logging.getLogger(__name__)

MARK_EVERY = 3600 * SECOND
"""World time between two stored fingerprints [us]."""

MILESTONE_EVERY = 6 * MARK_EVERY
"""World time between two checkpoints that are stored for copies of the world as it was [us]."""

_OWN, _SHADOWS = "run.", "shadows."  # what a checkpoint holds beside the world's state


def unpublished(state: State) -> State:
    """Return a checkpoint as that of a copy, which has published nothing yet."""
    return {**state, f"{_OWN}digest": np.frombuffer(Digest().last, np.uint8)}


def mark_of(state: State) -> Mark:
    """Return the fingerprint of all that was published up to a checkpoint."""
    return Mark(time=int(state["world.time"]), digest=state[f"{_OWN}digest"].tobytes().hex())


class Run:
    """A world moved on by its journal.

    Parameters
    ----------
    city : City
    recipe : Recipe
    journal : Journal
    record : Record or None
        Stores fingerprints and checkpoints, and has the checkpoint to resume from; None begins at the start and stores
        nothing.
    labelled : bool
        Whether to compute which sensors events affect; without, a replay is faster.
    secret : bytes or None
        Of the data directory; needed by sealed worlds.

    Attributes
    ----------
    world : World
    shadows : Shadows or None
        Computes that.
    digest : Digest
        Of all that was published.
    every : int
        Length of the ticks [us].
    reached : int
        The last time that anything was published of before this process [us since the Unix epoch]; 0 for none.

    Raises
    ------
    SetupError
        If the checkpoint is of another version or city, or the world is sealed and the secret is missing.
    """

    def __init__(
        self,
        city: City,
        recipe: Recipe,
        journal: Journal,
        record: Record | None = None,
        *,
        labelled: bool = True,
        secret: bytes | None = None,
    ) -> None:
        self.city = city
        self.recipe = recipe
        self._seed, self._secret = seed_of(recipe, secret), secret
        self.journal = journal
        self.digest = Digest()
        self.every = recipe.every
        self._record = record
        self._obeyed = 0
        state = record.checkpoint() if record else None
        self.world = self._make(recipe.start, warm_up=state is None)
        self.shadows = Shadows(self.world) if labelled else None
        self.reached = (record.reached() if record else None) or 0
        if state is not None:
            self._restore(state)

    @property
    def time(self) -> int:
        """Time of the last tick [us since the Unix epoch]."""
        return self.world.time

    @property
    def caught_up(self) -> bool:
        """Whether it has reached the time at which it ended or was killed. Until then it takes no new entries."""
        return self._obeyed == len(self.journal) and self.time >= max(self.reached, self.recipe.begins or 0)

    @property
    def sealed(self) -> str:
        """Which secret its draws need now (`simulators.record.record.seal_of`); empty for none."""
        return self.recipe.sealed or next((entry.sealed for entry in self.journal.since(0) if entry.sealed), "")

    @property
    def seen(self) -> bool:
        """Whether the last tick was this world's own, and not one of the world that it is a copy of."""
        return self.recipe.begins is None or self.time > self.recipe.begins

    def do(self, entries: Sequence[Entry]) -> list[str | None]:
        """Journal entries and apply them; return why each was refused, or None for what was not.

        Raises
        ------
        ScenarioError
            If an event does not fit, or cannot end; nothing is journalled then.
        SetupError
            If the journal cannot be written; nothing is applied then.
        """
        assert self.caught_up  # noqa: S101 - else it would come before what was done long ago
        for entry in entries:
            if entry.event is not None:
                self.world.timeline.check(entry.event)
            if entry.ended is not None:
                self.world.timeline.check_end(entry.ended, entry.at + 1)
        self.journal.add(entries)
        return [self._obey() for _ in entries]

    def step(self) -> Emission:
        """Apply the journal's entries of this time, and move the world on one tick."""
        self.obey()
        before = self.time
        emission = (self.shadows or self.world).step(self.every)
        if self.seen:
            self.digest.update(emission)
        if self._record and self.seen:
            self._save_on_the_way(self._record, before)
        return emission

    def obey(self) -> list[str | None]:
        """Apply the journal's entries of this time; return why each was refused, or None for what was not."""
        refusals = []
        while self._obeyed < len(self.journal) and self.journal[self._obeyed].at <= self.time:
            refusals.append(self._obey())
        return refusals

    def mark(self) -> Mark:
        """Return the fingerprint of everything published so far."""
        return Mark(time=self.time, digest=self.digest.hexdigest())

    def state(self) -> State:
        """Return everything that changes, for a checkpoint."""
        own = {"digest": np.frombuffer(self.digest.last, np.uint8), "obeyed": self._obeyed, "every": self.every}
        shadows = self.shadows.state() if self.shadows and self.world.timeline.effects else {}
        return {
            **self.world.state(),
            **{f"{_OWN}{name}": np.asarray(value) for name, value in own.items()},
            **{f"{_SHADOWS}{name}": array for name, array in shadows.items()},
        }

    def save_checkpoint(self) -> None:
        """Write a checkpoint."""
        if self._record:
            self._record.save_checkpoint(self.state())

    def _save_on_the_way(self, record: Record, before: int) -> None:
        if self.time // MARK_EVERY != before // MARK_EVERY:
            record.add_mark(self.mark())
        if self.time // MILESTONE_EVERY != before // MILESTONE_EVERY:
            record.save_milestone(self.time, self.state())

    def _make(self, start: int, *, warm_up: bool = True) -> World:
        recipe = self.recipe
        return World(
            self.city,
            seed=self._seed,
            start=start,
            events=recipe.events,
            kinds=recipe.kinds,
            districts=recipe.districts,
            warm_up=warm_up,
        )

    def _obey(self) -> str | None:
        """Apply the next entry; return why it was refused, or None."""
        entry = self.journal[self._obeyed]
        self._obeyed += 1
        if entry.order is not None:
            return (self.shadows or self.world).command(entry.order.kind, entry.order.sensor, entry.order.set)
        if entry.every is not None:
            self.every = entry.every
        elif entry.restart is not None:
            self._restart(entry.restart, entry.sealed)
        else:
            _apply(self.shadows or self.world.timeline, entry)
        return None

    def _restart(self, start: int, sealed: str) -> None:
        """Go on at a later time; messages are numbered on, meters count on, and events happen as they would have."""
        before, before_it = self.world, self.shadows
        self._rebuild(start, sealed)
        self.world.inherit(before.state())
        if self.shadows and before_it:
            self.shadows.inherit(before_it)

    def _rebuild(self, start: int, sealed: str, *, warm_up: bool = True) -> None:
        """Make the world again, with the events of the one before, and sealed from now on if a seal is given."""
        if sealed:
            self._seed = seed_of(replace(self.recipe, sealed=sealed), self._secret)
        before, self.world = self.world, self._make(start, warm_up=warm_up)
        self.world.timeline.adopt(before.timeline)
        if self.shadows:
            self.shadows = Shadows(self.world)

    def _restore(self, state: State) -> None:
        """Go on from a checkpoint."""
        own, shadows = part_of(state, _OWN), part_of(state, _SHADOWS)
        try:
            self.digest = Digest(own["digest"].tobytes())
            self._obeyed, self.every = int(own["obeyed"]), int(own["every"])
            for entry in self.journal.since(0)[: self._obeyed]:
                if entry.sealed:
                    self._rebuild(self.recipe.start, entry.sealed, warm_up=False)
                _apply(self.world.timeline, entry)
            self.world.restore({name: state[name] for name in state if not name.startswith((_OWN, _SHADOWS))})
            if self.shadows and shadows:
                self.shadows.restore(shadows)
        except (CityError, KeyError) as error:
            raise SetupError(f"{error}; it is of another version or city, so choose another --data-dir") from error
        log.info("going on from the checkpoint at %s", format_time(self.time))


def _apply(timeline: Timeline | Shadows, entry: Entry) -> None:
    """Apply an entry's event, end of an event, or repair."""
    if entry.event is not None:
        timeline.inject(entry.event)
    if entry.ended is not None:
        timeline.end(entry.ended, entry.at + 1)  # its effects up to the last tick stay
    if entry.repair is not None:
        timeline.repair(entry.repair)
