"""InfluxDB 1.x, a series for each sensor and property, asked in InfluxQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.peers.database import CHANNEL, Database, Questions
from tests.zenata.store.influxd import running as running_influxd

_DATABASE = "peer"


@contextmanager
def running(folder: Path, questions: Questions) -> Iterator[Database]:
    """Run it while inside, with an empty database."""
    with running_influxd(folder) as server:
        with urlopen(
            f"http://127.0.0.1:{server.port}/query", urlencode({"q": f"CREATE DATABASE {_DATABASE}"}).encode()
        ):
            pass
        paths = [f"/query?{urlencode({'db': _DATABASE, 'q': query})}" for query in _queries(questions)]
        yield Database(server.pid, server.port, f"/write?db={_DATABASE}", paths)


def _queries(questions: Questions) -> list[str]:
    series, begin, end = questions.day
    many, first, last = questions.means
    return [
        f"SELECT last(value) FROM reading WHERE {_any(questions.latest)} GROUP BY {CHANNEL}",
        f"SELECT value FROM reading WHERE {_any([series])} AND {_within(begin, end)}",
        f"SELECT mean(value) FROM reading WHERE {_any(many)} AND {_within(first, last)} GROUP BY time(1h), {CHANNEL} fill(none)",
    ]


def _any(series: Sequence[str]) -> str:
    return "(" + " OR ".join(f"{CHANNEL} = '{one}'" for one in series) + ")"


def _within(begin: str, end: str) -> str:
    return f"time >= '{begin}' AND time < '{end}'"
