"""httpx-sse reads the stream: every event has data."""

import json

import httpx
from httpx_sse import connect_sse

from tests.api.live.streams import listening
from tests.api.running import Api, batch_of, series_of


def test_c6_httpx_sse_reads_every_event_as_json(api: Api) -> None:
    with (
        httpx.Client(headers={"Authorization": f"Bearer {api.secrets['pilot']}"}, timeout=60) as client,
        connect_sse(client, "GET", f"{api.url}/v1/stream", params={"kind": "noise"}) as source,
    ):
        events = source.iter_sse()
        listening(api)
        for minute in (0, 1):
            batch = batch_of(series_of(api.city), range(minute, minute + 1))
            api.store.append(batch)
            api.hub.publish(batch)
        found = []
        while len(found) < 2:
            event = next(events)
            if event.event == "reading":
                found.append(json.loads(event.data)["seq"])
            else:
                json.loads(event.data)
    assert found == [1, 2]
