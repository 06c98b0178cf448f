"""Load of the machine, as the kernel measures it."""

import time
from pathlib import Path

_SPAN = 2.0  # that a share is of, at least [s]


class MachineLoad:
    """Share of the machine's processors that was busy between the last two calls that are `_SPAN` [s] apart at least."""

    def __init__(self) -> None:
        self._at, self._before, self._share = 0.0, (0, 0), 0.0

    def __call__(self) -> float:
        """Return the share, 0 to 1; 0 where the kernel does not say (`/proc/stat`)."""
        now = time.monotonic()
        if now - self._at > _SPAN:
            try:
                ticks = [
                    int(one) for one in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
                ]
            except OSError:
                return 0.0
            total, idle = sum(ticks), ticks[3] + ticks[4]
            spent, idled = total - self._before[0], idle - self._before[1]
            self._at, self._before = now, (total, idle)
            self._share = 1 - idled / spent if spent else 0.0
        return self._share
