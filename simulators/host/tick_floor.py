"""When a tick is shown, so that how long it takes to make does not tell whether something hidden goes on."""

from typing import Protocol

import numpy as np

from simulators.record.record import Floor, Record

SLOWEST, MARGIN, LONGEST = 0.95, 1.1, 0.25
"""No tick is shown sooner than this quantile of the warm-up's took, times a margin, but for [s] (defaults)."""


PUNCTUAL = 0.25
"""How long after it is due a tick of the shared city is shown [s] (default): one takes some 20 ms, and as much again for each event
whose consequences are followed."""


class Hold(Protocol):
    """Says how long to hold a tick back."""

    def pause(self, tick: int, took: float, late: float) -> float:
        """Return how long to hold a tick back [s].

        Parameters
        ----------
        tick : int
            Its number, from 0, that of the start.
        took : float
            How long it took to make [s].
        late : float
            How long ago it was due [s]; infinite in a world that nobody waits for.
        """
        ...


class Punctual:
    """Shows the ticks of the shared city a fixed time after they are due; what comes later than that is shown at once."""

    def pause(self, tick: int, took: float, late: float) -> float:
        """Return how long to hold a tick back [s]; see `Hold`."""
        return min(max(PUNCTUAL - late, 0.0), PUNCTUAL)  # a clock that is set back meanwhile makes the tick early


class TickFloor:
    """The least time that ticks take behind the warm-up, by how long those of the warm-up took.

    A leak makes the solver's work longer by some percent, which the mean over a day would show. In the warm-up nothing hidden
    happens, so it says how long ticks take on this machine. What it has said is kept with the world, whose process may be killed;
    one that has not seen half of a warm-up, as it came later, shows nothing sooner than `LONGEST`.

    Parameters
    ----------
    warm_up : int
        How many ticks that is.
    record : Record
        Of the world.
    """

    def __init__(self, warm_up: int, record: Record) -> None:
        self._warm_up, self._record = warm_up, record
        self._took: list[float] = []
        self._floor = record.floor()

    def pause(self, tick: int, took: float, late: float) -> float:
        """Return how long to hold a tick back [s]; see `Hold`."""
        if tick <= self._warm_up:
            self._took.append(took)
            return 0.0
        if self._floor is None:
            self._floor = Floor(seconds=self._learnt())
            self._record.save_floor(self._floor)
            self._took.clear()
        return max(self._floor.seconds - took, 0.0)

    def _learnt(self) -> float:
        if 2 * len(self._took) < self._warm_up:
            return LONGEST
        return min(MARGIN * float(np.quantile(self._took, SLOWEST)), LONGEST) if self._took else 0.0
