"""Three questions that dashboards ask, of our API over DuckDB, and of InfluxDB and QuestDB over the same readings.

CPU time is that of the server's process. Servers take turns, medians count, and a first turn that does not count warms them
up. Without QuestDB it is left out, with a message.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.api import END, HOST, READINGS, SENSORS, batches, serving
from benchmarks.peers import influxdb, questdb
from benchmarks.peers.database import CHANNEL, Database, Questions
from benchmarks.requests import CONNECTIONS, Asked, asked
from benchmarks.table import Row
from sandbox.settings import Settings
from zenata.city.clock import SECOND, format_time
from zenata.city.kinds import KINDS
from zenata.city.pack import load_city
from zenata.city.readings import ReadingBatch
from zenata.process.ports import free_ports
from zenata.store import open_store

TURNS = 5
"""Of each server and question, that count."""

_DAY = 24 * 3600 * SECOND
_LINES = 10_000  # in a request
_QUESTIONS = {
    f"latest of one sensor, {CONNECTIONS} connections": CONNECTIONS,
    "24 h of one series": 1,
    f"hourly means of {SENSORS} series x {READINGS:,} readings": 1,
}
"""How each question is called, and by how many connections at once it is asked."""


class _Server(NamedTuple):
    """One that is asked: its process, its port, its paths in the order of `_QUESTIONS`, and a key if it wants one."""

    pid: int
    port: int
    paths: Sequence[str]
    key: str = ""


def run() -> list[Row]:
    """Fill all, and ask them by turns."""
    city = load_city("zenata")
    sensors = tuple(sensor.id for sensor in city.sensors if sensor.kind == "traffic")[:SENSORS]
    start = END - READINGS * KINDS["traffic"].period * SECOND
    series = [f"{sensor}/flow" for sensor in sensors]
    begin, day, end = (format_time(time) for time in (start, END - _DAY, END))
    latest = [f"{sensors[0]}/{name}" for name in KINDS["traffic"].properties]
    questions = Questions(latest, (series[0], day, end), (series, begin, end))
    with tempfile.TemporaryDirectory(prefix="zenata-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        databases = {"InfluxDB": stack.enter_context(influxdb.running(folder / "influxdb", questions))}
        if why := questdb.missing():
            print(f"{why}: not compared with", file=sys.stderr)
        else:
            databases["QuestDB"] = stack.enter_context(questdb.running(folder / "questdb", questions))
        settings = Settings(data_dir=folder / "ours", host=HOST, http_port=free_ports(HOST, {"": 0})[""])
        rows = 0
        with closing(open_store(settings.store_url)) as store:
            for batch in batches(settings.world, city, sensors, start):
                store.append(batch)
                rows += len(batch)
                for database in databases.values():
                    _load(database, batch)
        if "QuestDB" in databases:
            questdb.wait_for(databases["QuestDB"].port, rows)
        process, get = stack.enter_context(serving(settings))
        servers = {name: _Server(one.pid, one.port, one.asked) for name, one in databases.items()}
        paths = _paths(sensors, begin, day, end)
        servers["ours"] = _Server(process.pid, settings.http_port, paths, get.headers["Authorization"])
        return _rows(servers)


def _paths(sensors: Sequence[str], begin: str, day: str, end: str) -> list[str]:
    one = {"sensor": sensors[0], "property": "flow", "start": day, "end": end, "limit": 10_000, "shape": "columns"}
    many = {"sensor": ",".join(sensors), "property": "flow", "start": begin, "end": end, "every": "1h", "agg": "mean"}
    return [f"/v1/latest?sensor={sensors[0]}", *(f"/v1/readings?{urlencode(query)}" for query in (one, many))]


def _load(database: Database, batch: ReadingBatch) -> None:
    """Write readings in line protocol, by thousands."""
    heads = [f"reading,{CHANNEL}={one.sensor}/{one.property} value=" for one in batch.catalog.since(0)]
    columns = zip(batch.series.tolist(), batch.value.tolist(), batch.time.tolist(), strict=True)
    lines = [f"{heads[series]}{value} {time}000" for series, value, time in columns]
    for first in range(0, len(lines), _LINES):
        database.load("\n".join([*lines[first : first + _LINES], ""]).encode())


def _rows(servers: dict[str, _Server]) -> list[Row]:
    turns: dict[tuple[int, str], list[Asked]] = {}
    for turn in range(TURNS + 1):
        for number, connections in enumerate(_QUESTIONS.values()):
            for name, (pid, port, paths, key) in servers.items():
                answer = asked(pid, port, paths[number], key, connections)
                if turn:
                    turns.setdefault((number, name), []).append(answer)
    medians = {key: Asked(*map(statistics.median, zip(*all_, strict=True))) for key, all_ in turns.items()}
    return [
        Row(
            what,
            "CPU under its",
            _text(ours := medians[number, "ours"]),
            f"{_text(theirs := medians[number, name])} ({name})",
            f"CPU {ours.cpu / theirs.cpu:.2f}, rate {ours.rate / theirs.rate:.2f}",
        )
        for number, what in enumerate(_QUESTIONS)
        for name in servers
        if name != "ours"
    ]


def _text(answer: Asked) -> str:
    return f"{answer.cpu * 1e6:,.0f} us CPU, {answer.rate:,.0f}/s, {answer.size / 1e3:,.1f} kB"
