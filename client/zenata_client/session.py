"""Parts that `Client` and `AsyncClient` share: address, key and requests."""

import os
from typing import Any

import httpx

from zenata_client.errors import SetupError
from zenata_client.plan import Send

URL = "http://127.0.0.1:8080"
"""Address of the API after `make up`."""


def options(url: str | None, key: str | None) -> dict[str, Any]:
    """Return the address and the key for httpx.

    Raises
    ------
    SetupError
        If there is no key.
    """
    key = key or os.environ.get("ZENATA_KEY")
    if not key:
        raise SetupError("no key: give one of your pilot's, as Client(key=...) or in ZENATA_KEY")
    return {
        "base_url": url or os.environ.get("ZENATA_URL") or URL,
        "headers": {"Authorization": f"Bearer {key.strip()}"},
    }


def request(send: Send) -> dict[str, Any]:
    """Return a request as httpx takes it."""
    return {
        "method": send.method,
        "url": send.path,
        "params": send.params or None,
        "content": send.body,
        "headers": {"Content-Type": "application/json", **send.headers} if send.body is not None else send.headers,
        "timeout": httpx.Timeout(send.timeout, connect=10.0),
    }
