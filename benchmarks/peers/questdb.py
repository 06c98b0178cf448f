"""QuestDB, as fast as was found: a column of symbols with an index, months as partitions, no log of each query."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.peers.database import CHANNEL, Database, Questions
from zenata.process.ports import free_ports

JARS = os.environ.get("QUESTDB_JARS", "")
"""The folder of its jar and of those that it needs; nothing if it is not installed."""

_CONFIG = """
http.net.bind.to=127.0.0.1:{port}
http.min.enabled=false
pg.enabled=false
line.tcp.enabled=false
telemetry.enabled=false
"""
_TABLE = f"""
CREATE TABLE reading ({CHANNEL} SYMBOL CAPACITY 32768 INDEX, value DOUBLE, timestamp TIMESTAMP)
TIMESTAMP(timestamp) PARTITION BY MONTH WAL
"""
_PATIENCE = 120.0  # time it has to start, and to apply what was written [s]


def missing() -> str:
    """Return what is not there, or nothing."""
    if shutil.which("java") is None:
        return "java is not on the PATH"
    if not JARS or not any(Path(JARS).glob("questdb-*.jar")):
        return f"no jar of QuestDB in {JARS or 'any folder'}: QUESTDB_JARS names the folder"
    return ""


@contextmanager
def running(folder: Path, questions: Questions) -> Iterator[Database]:
    """Run it while inside, with an empty table."""
    port = free_ports("127.0.0.1", {"": 0})[""]
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "server.conf").write_text(_CONFIG.format(port=port))
    command = ["java", "-cp", f"{JARS}/*", "io.questdb.ServerMain", "-d", folder]
    quiet = os.environ | {"QDB_LOG_W_STDOUT_LEVEL": "ERROR"}
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, env=quiet) as process:
        try:
            given_up = time.monotonic() + _PATIENCE
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > given_up:
                    raise RuntimeError((folder / "log").read_text())
                time.sleep(0.1)
            query(port, _TABLE)
            yield Database(process.pid, port, "/write", [_path(one) for one in _queries(questions)])
        finally:
            process.kill()


def wait_for(port: int, rows: int) -> None:
    """Wait until so many rows can be read: what was written is applied a little later."""
    given_up = time.monotonic() + _PATIENCE
    while query(port, "SELECT count() FROM reading") != [[rows]]:
        if time.monotonic() > given_up:
            raise RuntimeError("QuestDB does not apply what was written")
        time.sleep(0.1)


def query(port: int, sql: str) -> list[list[object]]:
    """Return the rows that a query gives."""
    with urlopen(f"http://127.0.0.1:{port}{_path(sql)}", timeout=_PATIENCE) as answer:
        rows: list[list[object]] = json.load(answer).get("dataset", [])
        return rows


def _answers(port: int) -> bool:
    try:
        return query(port, "SELECT 1") == [[1]]
    except OSError:
        return False


def _path(sql: str) -> str:
    return f"/exec?{urlencode({'query': sql})}"


def _queries(questions: Questions) -> list[str]:
    series, begin, end = questions.day
    many, first, last = questions.means
    return [
        f"SELECT * FROM reading WHERE {_any(questions.latest)} LATEST ON timestamp PARTITION BY {CHANNEL}",
        f"SELECT timestamp, value FROM reading WHERE {_any([series])} AND {_within(begin, end)}",
        f"SELECT timestamp, {CHANNEL}, avg(value) FROM reading WHERE {_any(many)} AND {_within(first, last)} SAMPLE BY 1h",
    ]


def _any(series: Sequence[str]) -> str:
    return f"{CHANNEL} IN (" + ", ".join(f"'{one}'" for one in series) + ")"


def _within(begin: str, end: str) -> str:
    return f"timestamp >= '{begin}' AND timestamp < '{end}'"
