"""Background threads: work that is done beside everything else while a ``with`` block runs."""

import threading
from typing import Self


class Background:
    """A thread that runs from the beginning to the end of a ``with`` block.

    Subclasses write `_run`, which returns soon after `_stop` is set, and `_wake` where it waits for something else.

    Parameters
    ----------
    name : str
        Of the thread.
    daemon : bool
        Whether the process may end without waiting for it, should nobody close it.
    """

    def __init__(self, name: str, *, daemon: bool = False) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=daemon)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, if it was started, and wait until it has ended."""
        self._stop.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        """Do the work until `_stop` is set."""
        raise NotImplementedError

    def _wake(self) -> None:
        """Interrupt whatever `_run` waits for besides `_stop`; called after that is set."""
