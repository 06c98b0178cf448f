"""Child process that ends with its parent: ``python child.py PARENT NICE PROGRAM ...`` becomes that program.

What a supervisor would do between fork and exec is done here instead, as that is not safe in a process with threads.
Run as a script without site packages, it starts in some 20 ms. Linux only; elsewhere programs outlive a killed parent.
"""

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2); the setting outlasts exec


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
        sys.exit("the parent is dead")  # too early for the kernel to tell us
    os.nice(nice)
    os.execvp(args[0], args)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
