"""A client of the API, for programs and notebooks (docs/client.md).

>>> from zenata_client import Client
>>> with Client("http://127.0.0.1:8080", key) as client:  # doctest: +SKIP
...     client.latest(kind="air")
"""

from zenata_client.async_client import AsyncClient
from zenata_client.client import Client
from zenata_client.errors import ExportError, ProblemError, SetupError, UnreachableError, ZenataError

__all__ = [
    "AsyncClient",
    "Client",
    "ExportError",
    "ProblemError",
    "SetupError",
    "UnreachableError",
    "ZenataError",
]
