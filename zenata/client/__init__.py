"""A client of the API, for programs and notebooks (docs/client.md).

>>> from zenata.client import Client
>>> with Client("http://127.0.0.1:8080", key) as client:  # doctest: +SKIP
...     client.latest(kind="air")
"""

from zenata.client.async_client import AsyncClient
from zenata.client.client import Client
from zenata.client.errors import ExportError, ProblemError, UnreachableError
from zenata.errors import SetupError, ZenataError

__all__ = [
    "AsyncClient",
    "Client",
    "ExportError",
    "ProblemError",
    "SetupError",
    "UnreachableError",
    "ZenataError",
]
