"""C8: the times of a stream have one form, whatever comes first."""

import json
import threading
import time
from dataclasses import replace
from itertools import islice

import pytest

from tests.api.running import batch_of, running, series_of, small_city
from zenata.store import open_store

CITY = small_city()
SERIES = series_of(CITY)[:1]


@pytest.fixture
def api(tmp_path):
    store = open_store(f"duckdb:///{tmp_path}/readings.duckdb")
    with running(city=CITY, store=store, worlds=tmp_path) as api:
        yield api
    store.close()


def publish(api, offsets):
    """Publish a batch for each offset from the whole minute [us], as ingest does."""
    deadline = time.monotonic() + 30
    while not api.hub.listeners:
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
    for minute, offset in enumerate(offsets):
        batch = batch_of(SERIES, range(minute, minute + 1))
        batch = replace(batch, time=batch.time + offset)
        api.store.append(batch)
        api.hub.publish(batch)


def test_c8_times_of_a_stream_have_one_form(api):
    with api.client() as client, client.stream("GET", "/v1/stream") as response:
        publish(api, (0, 250_000, 1))
        data = (json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: "))
        live = [one["time"] for one in islice((one for one in data if "value" in one), 3)]
    assert live == ["2026-01-01T00:00:00.000000Z", "2026-01-01T00:01:00.250000Z", "2026-01-01T00:02:00.000001Z"]
