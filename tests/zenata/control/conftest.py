"""Fresh control data for each test, on both databases."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from tests.clocks import StandingClock
from tests.zenata.control.databases import running_postgres, sqlite_in
from zenata.control.database import open_database
from zenata.control.register import Register

_numbers = itertools.count()


@pytest.fixture(scope="package")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        open_database(url).dispose()  # from now on it is a template with our tables
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of control data of its own, with nothing in them."""
    if request.param == "sqlite":
        return sqlite_in(tmp_path)
    server = request.getfixturevalue("postgres")
    name = f"control{next(_numbers)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE postgres"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def engine(fresh: str) -> Iterator[Engine]:
    """Control data that nobody else has open."""
    engine = open_database(fresh)
    yield engine
    engine.dispose()


@pytest.fixture
def register(engine: Engine, clock: StandingClock) -> Register:
    """The register, with one pilot."""
    register = Register(engine, clock=clock)
    register.add("aqua", contact="lina@example.org", theme="water", by="root")
    return register
