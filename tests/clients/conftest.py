"""One API for all clients."""

from collections.abc import Iterator

import pytest

from tests.api.running import Api, running


@pytest.fixture(scope="package")
def api() -> Iterator[Api]:
    with running() as api, api.client() as client:
        for name in ("roof", "pump", "box"):
            assert client.post("/v1/devices", json={"id": name}).status_code == 201
        yield api


def latest(api: Api, device: str) -> dict[str, float]:
    """Return the latest value of each property of a device."""
    with api.client() as client:
        rows = client.get("/v1/latest", params={"world": "p-test-pilot", "sensor": device}).json()["items"]
    return {row["property"]: row["value"] for row in rows}
