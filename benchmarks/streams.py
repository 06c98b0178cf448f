"""A thousand listeners to one selection: how late readings come, and what a reading costs the server.

The server is the API in a process of its own, and publishes to its own hub what ingest would; the machine is that of the
listeners too, so the lag is what both cost. The same over again with a few listeners is the baseline.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from contextlib import closing, suppress
from multiprocessing.connection import Connection

import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types

import api.readings.routes
from benchmarks.table import Row
from tests.api.running import WORLD, running
from zenata.city.clock import SECOND, parse_time
from zenata.city.kinds import KINDS
from zenata.city.pack import load_city
from zenata.city.quantities import QUANTITIES
from zenata.city.readings import Catalog, ReadingBatch, Series
from zenata.store import open_store

MANY, FEW = 1_000, 20
RATE, EACH = 5, 10
"""Batches a second, and readings that are wanted in each."""

SECONDS = 8.0


def run() -> list[Row]:
    """Measure many listeners and few, each with a server of its own."""
    (many, many_cpu, memory), (few, few_cpu, _) = measure(MANY), measure(FEW)
    return [
        Row(
            f"publish to SSE, {MANY:,} listeners to one selection, p{percent}",
            "< 1 s" if percent == 99 else "",
            f"{np.percentile(many, percent) * 1e3:,.0f} ms",
            f"{np.percentile(few, percent) * 1e3:,.0f} ms ({FEW} listeners)",
            f"{np.percentile(many, percent) / np.percentile(few, percent):.1f}",
        )
        for percent in (50, 99)
    ] + [
        Row(
            f"CPU of the server for a batch and listener, {MANY:,} listeners",
            "",
            f"{many_cpu * 1e6:.0f} us",
            f"{few_cpu * 1e6:.0f} us ({FEW} listeners)",
            f"{many_cpu / few_cpu:.2f}",
        ),
        Row(f"memory of the API with {MANY:,} listeners", "< 400 MB", f"{memory / 1e6:.0f} MB"),
    ]


def measure(listeners: int) -> tuple[list[float], float, float]:
    """Return how late readings came [s], the CPU time for a batch and listener [s], and the memory [bytes]."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        server = context.Process(target=_serve, args=(folder, there), daemon=True)
        server.start()
        try:
            port, key = here.recv()
            lags, batches = asyncio.run(_listen(port, key, listeners, here))
            cpu = here.recv()
            memory = float(psutil.Process(server.pid).memory_info().rss)
        finally:
            server.kill()
            server.join()
    print(f"  {listeners} listeners: {len(lags)} of {listeners * batches * EACH} in time", file=sys.stderr, flush=True)
    return lags, cpu / (batches * listeners), memory


async def _listen(port: int, key: str, listeners: int, server: Connection) -> tuple[list[float], int]:
    lags: list[float] = []

    async def listen() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        head = f"GET /v1/stream?kind=air HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
        writer.write(head.encode())
        await reader.readuntil(b"event: position")
        ready.release()
        while True:
            line = await reader.readline()
            if line.startswith(b"data: {") and b'"time":"' in line and b"sensor" in line:
                stamp = line.partition(b'"time":"')[2].partition(b'"')[0].decode()
                lags.append(time.time() - parse_time(stamp) / SECOND)

    ready = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(listen()) for _ in range(listeners)]
    for _ in tasks:
        await ready.acquire()
    server.send("begin")
    await asyncio.sleep(SECONDS + 5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return lags, int(SECONDS * RATE)


def _serve(folder: str, client: Connection) -> None:
    """Serve, and publish once the listeners are there; send the CPU time that it took [s]."""
    api.readings.routes.MAX_STREAMS = MANY  # all are of one pilot here
    city, catalog = load_city("zenata"), Catalog()
    for sensor in city.sensors:
        for name in KINDS[sensor.kind].properties:
            catalog.intern(Series(WORLD, sensor.id, name, sensor.kind, sensor.district, QUANTITIES[name].unit))
    wanted = np.flatnonzero([one.kind == "air" for one in catalog.since(0)])[:EACH].astype(np.int32)
    with closing(open_store(f"duckdb:///{folder}/readings.duckdb")) as store, running(city=city, store=store) as served:
        client.send((int(served.url.rpartition(":")[2]), served.secrets["pilot"]))
        client.recv()
        before, begin = time.process_time(), time.monotonic()
        for number in range(int(SECONDS * RATE)):
            time.sleep(max(begin + number / RATE - time.monotonic(), 0))
            now = np.full(EACH, int(time.time() * SECOND))
            values = np.full(EACH, float(number))
            served.hub.publish(
                ReadingBatch(catalog=catalog, series=wanted, time=now, value=values, seq=np.full(EACH, number + 1))
            )
        time.sleep(3)
        client.send(time.process_time() - before)
        with suppress(EOFError):
            client.recv()
