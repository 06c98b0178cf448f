"""What the databases that we are compared with have in common: line protocol in, and a query by HTTP out."""

import urllib.request
from collections.abc import Sequence
from typing import NamedTuple

CHANNEL = "channel"
"""The tag that holds ``sensor/property``, as "series" is a word of InfluxQL; the measurement is ``reading`` and the field ``value``."""


class Questions(NamedTuple):
    """Three questions that dashboards ask, of the same readings to each database.

    Parameters
    ----------
    latest : sequence of str
        Series of one sensor: the newest reading of each.
    day : tuple of str
        A series, a start and an end: all its readings.
    means : tuple of sequence of str, str and str
        Series, a start and an end: the mean of each hour.
    """

    latest: Sequence[str]
    day: tuple[str, str, str]
    means: tuple[Sequence[str], str, str]


class Database(NamedTuple):
    """One that runs: its process, its port on loopback, and the paths it takes lines and questions on."""

    pid: int
    port: int
    write: str
    asked: Sequence[str]
    """The path of each of the `Questions`, in their order."""

    def load(self, lines: bytes) -> None:
        """Write lines."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.write}", lines)
        with urllib.request.urlopen(request, timeout=600) as answer:
            answer.read()
