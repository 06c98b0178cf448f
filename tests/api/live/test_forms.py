"""C8: the times of a stream have one form, whatever comes first."""

import json
from dataclasses import replace
from itertools import islice

from tests.api.live.streams import listening
from tests.api.running import batch_of, series_of, small_city

SERIES = series_of(small_city())[:1]
TIMES = ["2026-01-01T00:00:00.000000Z", "2026-01-01T00:01:00.250000Z", "2026-01-01T00:02:00.000001Z"]


def publish(api, offsets):
    """Publish a batch for each offset from the whole minute [us], as ingest does; a second time they are no news."""
    listening(api)
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
    assert live == TIMES


def test_c8_times_of_a_websocket_have_one_form(api):
    with api.socket() as socket:
        assert "ready" in json.loads(socket.recv(60))
        socket.send('{"subscribe": "a"}')
        assert json.loads(socket.recv(60)) == {"subscribed": "a"}
        publish(api, (0, 250_000, 1))
        live: list[str] = []
        while len(live) < 3:
            live += [one["time"] for one in json.loads(socket.recv(60)).get("readings", ())]
    assert live == TIMES
