"""The past of a city from before it was made: a world of the same seed, simulated up to its first moment.

What counts (energy, volume) goes up to where the city begins, and never a step back: a first pass finds what is counted
in between, and the second, which is stored, begins that much lower. Other states do not join: the history ends in one
evening of traffic, and the city begins in another that is just as plausible.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from simulators.domains.base import COUNTERS
from simulators.host.store_writer import Progress, Sink, StoreWriter, check_times
from simulators.record.digest import Digest
from simulators.record.record import Recipe, Record, read_json, seal_of, seed_of, write_json
from simulators.record.states import State
from simulators.world.world import TICK, World
from zenata.city.clock import format_time
from zenata.city.model import City
from zenata.errors import SetupError
from zenata.process.files import held
from zenata.worlds.files import FolderFiles

CHECKPOINT_EVERY = 20.0
"""Time between checkpoints [s]."""

_LESS = 1e-6  # that rounding may not make a step back where a counter stands still [unit of the counter]
_DIGEST = "backfill.digest"
_REQUEST = "request.json"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is filled.

    Parameters
    ----------
    city : str
    seed : int
    start, end : int
        From when (included) to when (excluded) [us since the Unix epoch].
    every : int
        Length of a tick [us].
    joins : int or None
        First moment of the city that it is the past of, whose counters it goes up to [us since the Unix epoch]; None
        if that is not made yet.
    digest : str
        Of all that was published, once it is finished.
    sealed : str
        As that of `simulators.record.record.Recipe`.
    """

    city: str
    seed: int
    start: int
    end: int
    every: int
    joins: int | None
    digest: str = ""
    sealed: str = ""

    @property
    def spoken(self) -> str:
        """It as a person says it."""
        return (
            f"{format_time(self.start)} to {format_time(self.end)} every {self.every // 1_000_000}s (seed {self.seed})"
        )


def request_of(folder: Path) -> Request | None:
    """Return what is filled, or was, of a world with this folder.

    Raises
    ------
    SetupError
        If its file cannot be read.
    """
    return read_json(FolderFiles(folder / "backfill"), _REQUEST, Request)


class Backfill:
    """The past of a world, being filled; killed, it goes on where the store has it.

    Parameters
    ----------
    city : City
    folder : Path
        Of the world.
    world : str
        Its name.
    recipe : Recipe or None
        Of the world, if it is made.
    seed : int or None
        None takes the world's, or 1.
    start, end : int
        [us since the Unix epoch]
    every : int
        [us]
    secret : bytes or None
        Of the data directory: the past of a sealed city is drawn as its future is, and a city that is not made yet will
        be sealed if there is one.

    Raises
    ------
    SetupError
        If that is no past of this world, or another is not finished.
    """

    def __init__(
        self,
        city: City,
        *,
        folder: Path,
        world: str,
        recipe: Recipe | None,
        seed: int | None,
        start: int,
        end: int,
        every: int,
        secret: bytes | None = None,
    ) -> None:
        check_times(start, end, every)
        if recipe is not None:
            _check_fit(recipe, city, seed, end)
        self._city, self._world, self._folder = city, world, folder / "backfill"
        own = recipe.seed if recipe else 1
        self.request = Request(
            city=city.id,
            seed=own if seed is None else seed,
            start=start // TICK * TICK,
            end=end,
            every=every,
            joins=recipe.start if recipe else None,
            sealed=recipe.sealed if recipe else seal_of(secret) if secret else "",
        )
        self._secret = secret
        before = request_of(folder)
        same = before is not None and replace(before, digest="", joins=None) == replace(self.request, joins=None)
        if before is not None and same:
            self.request = replace(before, digest="")
        elif before is not None and not before.digest:
            raise SetupError(
                f"the backfill from {before.spoken} is not finished: ask for that one to go on, "
                f"or remove {self._folder} to give it up"
            )
        self.finished = before is not None and same and before.digest != ""
        span = end - self.request.start
        passes = 1 if self.request.joins is None else 2
        self.progress = Progress(start=self.request.start, end=end, at=self.request.start, work=passes * span)

    def run(
        self, open_sink: Callable[[], Sink], stop: threading.Event, on_tick: Callable[[Progress], None]
    ) -> str | None:
        """Fill it; return the fingerprint of all that was published, or None when stopped before.

        Raises
        ------
        SetupError
            If its files cannot be written, or another process is at it.
        StoreError
            If the store fails.
        """
        with held(self._folder):
            self._begin()
            counters = self._counters(stop, on_tick)
            return None if counters is None else self._fill(counters, open_sink(), stop, on_tick)

    def _begin(self) -> None:
        """Write down what is filled; what is left of a finished one makes room."""
        before = request_of(self._folder.parent)
        if before is None or before.digest:
            for file in self._folder.glob("*/checkpoint.npz"):
                file.unlink()
            self._keep_request(self.request)

    def _counters(self, stop: threading.Event, on_tick: Callable[[Progress], None]) -> State | None:
        """Return where counters begin; None when stopped before that is known."""
        if self.request.joins is None:
            return {}
        record = Record(self._folder / "counted")
        world, saved = self._world_at(self.request.start), record.checkpoint()
        first = _counted(world.state())
        if saved is not None:
            world.restore(saved)
        saved_at = time.monotonic()
        while not stop.is_set() and self._next(world) < self.request.end:
            world.skip(self.request.every)
            self.progress.move(world.time, world.time - self.request.start)
            on_tick(self.progress)
            if time.monotonic() - saved_at > CHECKPOINT_EVERY:
                record.save_checkpoint(world.state())
                saved_at = time.monotonic()
        record.save_checkpoint(world.state())
        if self._next(world) < self.request.end:
            return None
        last, live = _counted(world.state()), _counted(self._world_at(self.request.joins).state())
        return {name: live[name] - (last[name] - first[name]) - _LESS for name in live}

    def _fill(
        self, counters: State, sink: Sink, stop: threading.Event, on_tick: Callable[[Progress], None]
    ) -> str | None:
        """Store the history; return its fingerprint, or None when stopped before its end."""
        record = Record(self._folder / "filled")
        world, digest = self._world_at(self.request.start), Digest()
        saved = record.checkpoint()
        if saved is None:
            world.restore({**world.state(), **counters})
        else:
            digest = Digest(saved[_DIGEST].tobytes())
            world.restore({name: array for name, array in saved.items() if name != _DIGEST})
        filler = StoreWriter(self._city, self._world, sink, numbered=False, digest=digest)

        def keep() -> None:
            filler.flush()
            record.save_checkpoint({**world.state(), _DIGEST: np.frombuffer(digest.last, np.uint8)})

        try:
            saved_at = time.monotonic()
            while not stop.is_set() and self._next(world) < self.request.end:
                filler.take(world.step(self.request.every))
                self._report(world.time, filler.readings, on_tick)
                if time.monotonic() - saved_at > CHECKPOINT_EVERY:
                    keep()
                    saved_at = time.monotonic()
            keep()
        finally:
            filler.close()
        if self._next(world) < self.request.end:
            return None
        self._report(self.request.end, filler.readings, on_tick)
        self._keep_request(replace(self.request, digest=digest.hexdigest()))
        return digest.hexdigest()

    def _report(self, at: int, readings: int, on_tick: Callable[[Progress], None]) -> None:
        """Report how far the pass that is stored has come."""
        self.progress.readings = readings
        self.progress.move(at, self.progress.work - (self.request.end - at))
        on_tick(self.progress)

    def _world_at(self, start: int) -> World:
        request = self.request
        drawn_as = Recipe(city=request.city, seed=request.seed, start=start, live=False, sealed=request.sealed)
        return World(self._city, seed=seed_of(drawn_as, self._secret), start=start)

    def _next(self, world: World) -> int:
        """Return the time of a world's next tick [us since the Unix epoch]."""
        return (world.time // self.request.every + 1) * self.request.every

    def _keep_request(self, request: Request) -> None:
        write_json(FolderFiles(self._folder), _REQUEST, request)


def _check_fit(recipe: Recipe, city: City, seed: int | None, end: int) -> None:
    """Refuse what is no past of a world."""
    if recipe.city != city.id or seed not in {None, recipe.seed}:
        raise SetupError(
            f"the world is of city {recipe.city} and --seed {recipe.seed}; its past cannot be of city {city.id} and "
            f"--seed {recipe.seed if seed is None else seed}: leave the options out"
        )
    if end > recipe.start:
        raise SetupError(f"the world has lived since {format_time(recipe.start)}: its past ends there or before")


def _counted(state: State) -> State:
    return {name: array for name, array in state.items() if name.partition(".")[2] in COUNTERS}
