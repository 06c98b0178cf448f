"""What editors and mypy know of the client; `make lint` checks it, and a needless `ignore` is an error too."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import assert_type

import polars as pl

from zenata_client import AsyncClient, Client
from zenata_client.contract.city import Sensor
from zenata_client.contract.commands import CommandResult
from zenata_client.contract.readings import Reading


def blocking(client: Client) -> None:
    assert_type(client.sensors(kind="air", near=(-7.45, 33.6)), list[Sensor])
    assert_type(client.readings(kind=["air", "noise"], start="-1h"), Generator[Reading, None, None])
    assert_type(client.polars(kind="air", every="1h"), pl.DataFrame)
    assert_type(client.export("air.csv", format="csv", kind="air"), Path)
    assert_type(client.command("w-1", "water-0010", {"valve": None}), CommandResult)
    client.latest(knid="air")  # type: ignore[call-arg]
    client.export("air.csv", format="json")  # type: ignore[arg-type]
    client.sensors("air")  # type: ignore[call-arg]


async def awaited(client: AsyncClient) -> None:
    assert_type(await client.latest(district="coast"), list[Reading])
    assert_type(client.stream(world="w-1"), AsyncGenerator[Reading, None])
    client.stream(start="-1h")  # type: ignore[call-arg]
