"""CPU time of frequent requests, beside the same bytes from a bare uvicorn: load on the machine changes neither much."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.api import END, HOST, serving, wait_for
from benchmarks.table import Row
from sandbox.settings import Settings
from zenata.city.clock import SECOND
from zenata.city.kinds import KINDS
from zenata.city.pack import load_city
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, IndexArray, IntArray, ReadingBatch, Series
from zenata.process.ports import free_ports
from zenata.store import open_store

CONNECTIONS = 50
SECONDS = 0.4
"""CPU time that a server is asked for in a round [s]; it is counted in hundredths."""

ROUNDS = 3
"""The paths take turns so often; the median counts."""

SENSOR = "air-0042"
PATHS = {
    f"/v1/latest?sensor={SENSOR}": ("latest of one sensor", "< 120 us"),
    "/v1/latest?kind=weather": ("latest of all weather stations", ""),
    f"/v1/sensors/{SENSOR}": ("one sensor with its latest readings", "< 120 us"),
    f"/v1/readings?sensor={SENSOR}&property=pm25&start=-24h": ("24 h of one series", ""),
    f"/v1/readings?sensor={SENSOR}&property=pm25&start=-24h&shape=columns": ("24 h of one series, in columns", ""),
    "/v1/frame?property=pm25": ("frame of all stations of the air", ""),
    "/v1/frame?property=power&at=-1m": ("frame of the past of all meters", "< 10,000 us"),
    "/readyz": ("readiness", ""),
}
"""What is asked for, how it is called and its goal."""

_MINUTES = 25 * 60
_LAST = 5  # bytes of the end of an answer in chunks
_BARE = """
import sys, uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
body = b"x" * int(sys.argv[2])
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [
            (b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", http=HttpToolsProtocol, lifespan="off")
"""


class Asked(NamedTuple):
    """What a server takes for a request: CPU time [s], and how many it answers a second and how long an answer is [bytes]."""

    cpu: float
    rate: float
    size: int


def run() -> list[Row]:
    """Measure each path, and a bare server with a body as long as that of the first."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        settings = Settings(data_dir=Path(name), host=HOST, http_port=free_ports(HOST, {"": 0})[""])
        _fill(settings)
        process, get = stack.enter_context(serving(settings))
        size = len(get(next(iter(PATHS))))
        bare = stack.enter_context(_bare(size))
        key = get.headers["Authorization"]
        figures: dict[str, list[float]] = {path: [] for path in ("", *PATHS)}
        for _ in range(ROUNDS):
            for path, costs in figures.items():
                pid, port = (process.pid, settings.http_port) if path else bare
                costs.append(asked(pid, port, path or "/", key).cpu)
    base = float(np.median(figures.pop("")))
    return [
        Row(
            f"CPU of {PATHS[path][0]}",
            PATHS[path][1],
            f"{(cost := float(np.median(costs))) * 1e6:,.0f} us",
            f"{base * 1e6:.0f} us (bare uvicorn, {size:,} bytes)",
            f"{cost / base:.1f}",
        )
        for path, costs in figures.items()
    ]


def _fill(settings: Settings) -> None:
    """Fill the store with two readings of every series of the city, and with a day of one sensor."""
    city, catalog = load_city("zenata"), Catalog()
    numbers = [
        catalog.intern(Series(settings.world, one.id, name, one.kind, one.district, QUANTITIES[name].unit))
        for one in city.sensors
        for name in KINDS[one.kind].properties
    ]
    series = np.array(numbers, dtype=np.int32)
    period = np.array([KINDS[catalog[number].kind].period for number in numbers]) * SECOND
    own = series[[catalog[number].sensor == SENSOR for number in numbers]]
    minutes = np.repeat(np.arange(_MINUTES), len(own))
    with closing(open_store(settings.store_url)) as store:
        store.append(_batch(catalog, np.tile(own, _MINUTES), END - (_MINUTES - minutes) * 60 * SECOND, minutes))
        for back in (1, 0):
            store.append(_batch(catalog, series, END - back * period, np.full(len(series), _MINUTES - back)))


def _batch(catalog: Catalog, series: IndexArray, time: IntArray, seq: IntArray) -> ReadingBatch:
    value = np.round(np.random.default_rng(1).uniform(0, 50, len(series)), 1)
    return ReadingBatch(catalog=catalog, series=series, time=time, value=value, seq=seq + 1)


@contextmanager
def _bare(size: int) -> Iterator[tuple[int, int]]:
    """Run a server that does nothing but answer with so many bytes; give its process and port."""
    port = free_ports(HOST, {"": 0})[""]
    with subprocess.Popen([sys.executable, "-c", _BARE, str(port), str(size)]) as process:
        try:
            wait_for(port)
            yield process.pid, port
        finally:
            process.terminate()


def asked(pid: int, port: int, path: str, key: str = "", connections: int = CONNECTIONS) -> Asked:
    """Ask a process for something, by many connections at once, until it has worked for `SECONDS`."""
    authorization = f"Authorization: {key}\r\n" if key else ""
    message = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n{authorization}\r\n".encode()
    process, count = psutil.Process(pid), 0
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection((HOST, port))) for _ in range(connections)]
        size = _round(sockets, message)
        before, spent, begin = sum(process.cpu_times()[:2]), 0.0, time.perf_counter()
        while spent < SECONDS:
            _round(sockets, message)
            count += connections
            spent = sum(process.cpu_times()[:2]) - before
        return Asked(float(spent / count), count / (time.perf_counter() - begin), size)


def _round(sockets: list[socket.socket], message: bytes) -> int:
    """Ask on every connection at once, and read all answers; return how long the last one is [bytes]."""
    for one in sockets:
        one.sendall(message)
    for one in sockets:
        data = one.recv(65_536)
        while b"\r\n\r\n" not in data:
            data += one.recv(65_536)
        head, _, body = data.partition(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(f"refused: {data[:300]!r}")
        lines = head.lower().split(b"\r\n")
        size, end = len(body), body[-_LAST:]
        if b"transfer-encoding: chunked" in lines:
            while not end.endswith(b"0\r\n\r\n"):
                size += len(part := one.recv(1 << 20))
                end = (end + part)[-_LAST:]
        else:
            length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            while size < length:
                size += len(one.recv(min(length - size, 1 << 20)))
    return size
