"""Child process that ends with its parent: ``python child.py PARENT NICE PROGRAM ...`` becomes that program.

What a supervisor would do between fork and exec is done here instead, as that is not safe in a process with threads.
Run as a script without site packages, it starts in some 20 ms. Linux only; elsewhere programs outlive a killed parent.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1  # prctl(2); the setting outlasts exec
_ATTEMPTS, _PAUSE = 50, 0.11  # to change the priority of a session, and between two [s]


def main(parent: int, nice: int, args: list[str]) -> None:
    """Become the program `args`, unless the parent has died meanwhile.

    Parameters
    ----------
    parent : int
        Process id of whoever started this process, from a thread that lives as long as itself.
    nice : int
        How far to stand back when the processor is wanted.
    args : list of str
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # one that stands (SIGSTOP) takes no other
    if os.getppid() != parent:
        sys.exit(1)  # too early for the kernel to end us; the parent has told why
    lower_priority(nice)
    os.execvp(args[0], args)  # noqa: S606 - no shell is what we want


def lower_priority(nice: int) -> None:
    """Lower the priority of this process, which leads a session of its own, by `nice`.

    Where Linux groups the threads of a session (``sched_autogroup_enabled``, sched(7)), a nice value counts among those of
    one session alone, and sessions share processors as equals: so the group is given the value, too.
    """
    os.nice(nice)
    for _ in range(_ATTEMPTS if nice else 0):
        try:
            with open("/proc/self/autogroup", "w") as group:  # noqa: PTH123 - pathlib would double the time of a start
                group.write(str(nice))
            return
        except BlockingIOError:  # unless root asks, the kernel takes one change in 0.1 s of the whole machine
            time.sleep(_PAUSE)
        except OSError:
            return  # there are no such groups, or they may not be changed: the process runs all the same


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
