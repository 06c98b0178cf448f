"""Moving a world with a clock of its own on to a later time in longer ticks, into the store instead of to the broker."""

from collections.abc import Callable

import msgspec

from simulators.host.store_writer import Progress, Sink, StoreWriter, check_times
from simulators.record.journal import Entry
from simulators.record.record import Record, read_json, write_json
from simulators.record.run import Run
from simulators.world.emission import Emission
from simulators.world.world import TICK
from zenata.city.clock import format_time
from zenata.errors import SetupError

_GOAL = "fast_forward.json"


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Where a world is to come.

    Parameters
    ----------
    start, end : int
        Between when and when it is stored [us since the Unix epoch].
    every : int
        Length of a tick [us].
    """

    start: int
    end: int
    every: int


class FastForward:
    """A world on its way to a later time, if it is on one; killed, it goes on.

    The readings have the values and the message numbers that they would have had live, at the same ticks.

    Parameters
    ----------
    run : Run
    world : str
        Its name.
    record : Record
    open_sink : callable
        Opens where the readings go.
    """

    def __init__(self, run: Run, world: str, record: Record, open_sink: Callable[[], Sink]) -> None:
        self._run = run
        self._world = world
        self._files = record.files
        self._open_sink = open_sink
        self._goal = read_json(self._files, _GOAL, Goal)
        self._filler: StoreWriter | None = None
        self._progress: Progress | None = None

    @property
    def under_way(self) -> bool:
        """Whether the world is on its way."""
        return self._goal is not None

    @property
    def progress(self) -> Progress | None:
        """How far it has come; None when it is not on its way."""
        return self._progress if self.under_way else None

    def begin(self, end: int, every: int) -> None:
        """Set out for a time [us since the Unix epoch] in ticks of `every` [us].

        Raises
        ------
        SetupError
            If it cannot.
        StoreError
            If the store cannot be reached.
        """
        run = self._run
        check_times(run.time, end, every)
        if run.recipe.live:
            raise SetupError("a city that follows the time of day cannot be moved on")
        if self.under_way or not run.caught_up:
            raise SetupError("the world is on its way already; wait for it to come there")
        if (run.time // every + 1) * every > end:
            raise SetupError(f"there is no tick between {format_time(run.time)} and {format_time(end)}")
        self._open()
        self._goal = Goal(start=run.time, end=end, every=every)
        self._progress = _progress_to(self._goal)
        write_json(self._files, _GOAL, self._goal)
        run.do([Entry(at=run.time, every=every)])

    def takes(self, emission: Emission) -> bool:
        """Store what is published in a tick, if it is of the way; return whether it is."""
        goal = self._goal
        if goal is None or emission.time <= goal.start:
            return False
        filler = self._filler or self._open()
        filler.take(emission)
        progress = self._progress = self._progress or _progress_to(goal)
        progress.readings = filler.readings
        progress.move(emission.time, emission.time - goal.start)
        return True

    def has_arrived(self) -> bool:
        """Return whether the world has just come to the end of its way; its ticks are the usual ones again then."""
        goal, run = self._goal, self._run
        if goal is None or not run.caught_up:
            return False
        if (run.time // goal.every + 1) * goal.every <= goal.end:
            if run.every != goal.every:  # killed between the two lines that begin it
                run.do([Entry(at=run.time, every=goal.every)])
            return False
        if run.every != TICK:
            run.do([Entry(at=run.time, every=TICK)])
        self.flush()
        run.save_checkpoint()
        self._files.remove(_GOAL)
        self._goal = self._progress = None
        self.close()
        return True

    def flush(self) -> None:
        """Wait until everything is durable.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        if self._filler:
            self._filler.flush()

    def close(self) -> None:
        """Let go of the store."""
        if self._filler:
            self._filler.close()
            self._filler = None

    def _open(self) -> StoreWriter:
        self._filler = StoreWriter(self._run.city, self._world, self._open_sink(), numbered=True)
        return self._filler


def _progress_to(goal: Goal) -> Progress:
    return Progress(start=goal.start, end=goal.end, at=goal.start, work=goal.end - goal.start)
