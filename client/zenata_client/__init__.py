"""Client of the API, for programs and notebooks (docs/client.md).

>>> from zenata_client import Client
>>> with Client("http://127.0.0.1:8080", key) as client:  # doctest: +SKIP
...     client.latest(kind="air")
"""

from zenata_client.async_client import AsyncClient
from zenata_client.client import Client
from zenata_client.errors import (
    AnswerError,
    ExportError,
    IncompleteError,
    ProblemError,
    SetupError,
    UnreachableError,
    ZenataError,
)

__all__ = [
    "AnswerError",
    "AsyncClient",
    "Client",
    "ExportError",
    "IncompleteError",
    "ProblemError",
    "SetupError",
    "UnreachableError",
    "ZenataError",
]
