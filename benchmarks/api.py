"""Reading over HTTP from a server in a process of its own, beside what the store alone takes."""

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import numpy as np

from benchmarks.table import Row
from benchmarks.timing import median_time
from sandbox.init import open_register
from sandbox.settings import Settings
from zenata.city.clock import SECOND, format_time
from zenata.city.kinds import KINDS
from zenata.city.model import City
from zenata.city.pack import load_city
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, ReadingBatch, Selection, Series
from zenata.control.keys import Role
from zenata.process.ports import free_ports
from zenata.store import open_store

HOST = "127.0.0.1"
SENSORS = 10
READINGS = 100_000
"""Readings of each of the `SENSORS`; as traffic detectors speak every minute, they are 69 days."""

END = 1_767_225_600 * SECOND
"""When every series of the city has its newest reading [us]; the long series end a period before."""

_HOUR = 3600 * SECOND
_APPEND = 100_000  # readings appended at once
_PATIENCE = 90.0  # time the server has to start [s]


def run() -> list[Row]:
    """Measure both calls, and the same without HTTP."""
    city = load_city("zenata")
    sensors = tuple(sensor.id for sensor in city.sensors if sensor.kind == "traffic")[:SENSORS]
    start = END - READINGS * KINDS["traffic"].period * SECOND
    query = urlencode(
        {
            "sensor": ",".join(sensors),
            "property": "flow",
            "every": "1h",
            "agg": "mean",
            "start": format_time(start),
            "end": format_time(END),
        }
    )
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(data_dir=Path(name), host=HOST, http_port=free_ports(HOST, {"": 0})[""])
        numbers = _fill(settings, city, sensors, start)
        bare_latest, bare_means = _bare(settings, numbers, start)
        with serving(settings) as (_, get):
            latest = median_time(lambda: get("/v1/latest"))
            means = median_time(lambda: get(f"/v1/readings?{query}"))
            size = len(get("/v1/latest"))
            packed = {
                coding: (median_time(lambda: get("/v1/latest", coding)), len(get("/v1/latest", coding)))  # noqa: B023 - called at once
                for coding in ("gzip", "zstd")
            }
            frame = median_time(lambda: get("/v1/frame?property=power"))
            frame_size = len(get("/v1/frame?property=power"))
    return [
        *(
            Row(
                f"the same as {coding}, {bytes_ / 1e3:.0f} kB",
                "",
                f"{took * 1e3:.1f} ms",
                f"{latest * 1e3:.1f} ms, {size / 1e3:,.0f} kB (plain)",
                f"{took / latest:.1f}",
            )
            for coding, (took, bytes_) in packed.items()
        ),
        Row(
            f"/v1/frame of the power of all its sensors, {frame_size / 1e3:.0f} kB",
            "< 10 ms, < 90 kB",
            f"{frame * 1e3:.1f} ms",
            f"{latest * 1e3:.1f} ms (/v1/latest)",
            f"{frame / latest:.2f}",
        ),
        Row(
            f"/v1/latest of all series of the city, {size / 1e6:.1f} MB of JSON",
            "< 25 ms",
            f"{latest * 1e3:.1f} ms",
            f"{bare_latest * 1e3:.1f} ms (the store alone)",
            f"{latest / bare_latest:.1f}",
        ),
        Row(
            f"hourly means of {SENSORS} series x {READINGS:,} readings",
            "< 30 ms",
            f"{means * 1e3:.1f} ms",
            f"{bare_means * 1e3:.1f} ms (bare SQL)",
            f"{means / bare_means:.1f}",
        ),
    ]


def _fill(settings: Settings, city: City, sensors: tuple[str, ...], start: int) -> str:
    """Fill the store in the order readings come; return the long series as a list in SQL."""
    with closing(open_store(settings.store_url)) as store:
        for batch in batches(settings.world, city, sensors, start):
            store.append(batch)
        numbers = batch.catalog.select(Selection(sensors=sensors, properties=("flow",)))
    return ", ".join(map(str, numbers.tolist()))


def batches(world: str, city: City, sensors: tuple[str, ...], start: int) -> Iterator[ReadingBatch]:
    """Yield a long history of the flow at some sensors, in the order readings come, then one reading of every series."""
    catalog = Catalog()
    for sensor in city.sensors:
        for property_ in KINDS[sensor.kind].properties:
            unit = QUANTITIES[property_].unit
            catalog.intern(Series(world, sensor.id, property_, sensor.kind, sensor.district, unit))
    numbers = catalog.select(Selection(sensors=sensors, properties=("flow",)))
    seqs = np.repeat(np.arange(READINGS), len(numbers))
    values = np.random.default_rng(1).integers(0, 2000, len(seqs)).astype(np.float64)
    for first in range(0, len(seqs), _APPEND):
        part = slice(first, first + _APPEND)
        times = start + seqs[part] * KINDS["traffic"].period * SECOND
        series = np.resize(numbers, len(times))
        yield ReadingBatch(catalog=catalog, series=series, time=times, value=values[part], seq=seqs[part] + 1)
    everything = np.arange(len(catalog), dtype=np.int32)
    ones = np.ones(len(everything), dtype=np.int64)
    yield ReadingBatch(catalog=catalog, series=everything, time=ones * END, value=np.ones(len(ones)), seq=ones)


def _bare(settings: Settings, numbers: str, start: int) -> tuple[float, float]:
    """Return the times [s] of `Store.latest`, and of the least SQL that gives hourly means."""
    with closing(open_store(settings.store_url)) as store:
        latest = median_time(lambda: store.latest(Selection()))
    sql = (
        f"SELECT series, epoch_us(time) // {_HOUR} AS hour, avg(value) FROM readings "
        f"WHERE series IN ({numbers}) AND time >= make_timestamp({start}) "
        f"AND time < make_timestamp({END}) GROUP BY series, hour ORDER BY hour, series"
    )
    path = settings.store_url.removeprefix("duckdb:///")
    with duckdb.connect(path, config={"threads": 2}) as connection:
        return latest, median_time(lambda: connection.execute(sql).fetchnumpy())


class Client:
    """One connection kept open, as clients that care do."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)
        self.headers = {"Authorization": f"Bearer {key}"}

    def __call__(self, path: str, coding: str = "identity") -> bytes:
        self._connection.request("GET", path, headers=self.headers | {"Accept-Encoding": coding})
        with self._connection.getresponse() as response:
            body = response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path} was answered {response.status}: {body[:500]!r}")
        return body

    def close(self) -> None:
        self._connection.close()


def newcomer(settings: Settings, role: Role) -> str:
    """Return the key of a new pilot, who may ask as often as it likes."""
    register = open_register(settings)
    register.add("bench", role=role, by="bench", quotas={"requests_per_minute": 10**9})
    return register.issue("bench", by="bench")


@contextmanager
def serving(settings: Settings, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    """Run ``zenata serve``."""
    key = newcomer(settings, Role.PILOT)
    options = ["--data-dir", str(settings.data_dir), "--http-port", str(settings.http_port), *more]
    log = settings.data_dir / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as stream,
        subprocess.Popen([sys.executable, "-P", "-m", "sandbox", "serve", *options], stderr=stream) as process,
    ):
        try:
            wait_for(settings.http_port)
            with closing(Client(settings.http_port, key)) as client:
                yield process, client
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with closing(Client(port, "")) as client:
                client("/healthz")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
