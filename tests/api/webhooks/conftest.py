"""Webhooks are held against both control databases."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.webhooks.rig import Rig
from tests.zenata.control.conftest import engine, fresh, postgres

__all__ = ["engine", "fresh", "postgres"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(tmp_path, stack)
