"""Control data: made and brought up to date by whoever opens them, on SQLite and on PostgreSQL."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from tests.zenata.control.databases import running_postgres
from zenata.control.database import Base, copy_file, open_database
from zenata.control.devices import DeviceRow
from zenata.errors import SetupError


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('control')}/new/control.db"
        return
    with running_postgres() as url:
        yield url


def test_two_processes_that_open_a_new_database_at_once_both_get_it(url):
    code = f"from zenata.control.database import open_database; print(open_database({url!r}).dialect.name)"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate(timeout=60)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert printed == [url.partition("+")[0].partition(":")[0]] * 2


def test_the_tables_are_as_the_code_has_them(url):
    engine = open_database(url)
    there = inspect(engine)
    for table in Base.metadata.sorted_tables:
        assert {column["name"] for column in there.get_columns(table.name)} == set(table.columns.keys()), table.name
    engine.dispose()


def test_what_is_stored_is_there_when_opened_again(url):
    for _ in range(2):
        engine = open_database(url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE device_revision SET number = number + 1"))
        engine.dispose()
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT number FROM device_revision")).scalar_one() == 2
        assert connection.execute(DeviceRow.__table__.select()).all() == []
    engine.dispose()


def test_a_server_that_has_gone_is_noticed_soon_unless_the_url_says_when(url):
    if not url.startswith("postgresql"):
        pytest.skip("SQLite is no server")
    for more, expected in (("", "10"), ("?keepalives_idle=77", "77")):
        engine = open_database(url + more)
        with engine.connect() as connection:
            said = connection.connection.dbapi_connection.info.get_parameters()
        engine.dispose()
        assert (said["keepalives_idle"], said["tcp_user_timeout"], said["connect_timeout"]) == (expected, "25000", "10")


def test_one_of_a_later_version_is_refused(url):
    engine = open_database(url)
    with engine.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    with pytest.raises(SetupError, match="later version"):
        open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("nonsense", "cannot be opened"),
        ("oracle://x", "cannot be opened"),
        ("sqlite:////proc/none/control.db", "cannot be made"),
        ("sqlite:////etc/hostname", "not a database"),
        ("postgresql+psycopg://me:hidden-word@127.0.0.1:1/none", "cannot be opened"),
    ],
)
def test_what_cannot_be_opened_says_why_and_no_password(url, printed):
    with pytest.raises(SetupError, match=printed) as failure:
        open_database(url)
    assert "hidden-word" not in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql"])
def test_a_driver_that_is_missing_is_named(monkeypatch, scheme):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SetupError, match=r"driver is missing: pip install 'zenata-sandbox\[postgresql\]'"):
        open_database(f"{scheme}://me:hidden-word@127.0.0.1:1/none")


def test_a_copy_is_of_one_moment_while_others_write(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/control.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE device_revision SET number = 7"))
        copy_file(tmp_path / "control.db", tmp_path / "there" / "copy.db")
    copy = open_database(f"sqlite:///{tmp_path}/there/copy.db")
    with closing(copy.connect()) as connection:
        assert connection.execute(text("SELECT number FROM device_revision")).scalar_one() == 0
    for one in (engine, copy):
        one.dispose()
    with pytest.raises(SetupError, match="cannot be copied"):
        copy_file(Path("/etc/hostname"), tmp_path / "x.db")


def test_a_database_that_is_up_to_date_is_opened_without_the_migration_tool(fresh, monkeypatch):
    open_database(fresh).dispose()
    monkeypatch.setitem(sys.modules, "alembic", None)  # an import of it would fail
    engine = open_database(fresh)
    assert set(inspect(engine).get_table_names()) >= set(Base.metadata.tables)
    engine.dispose()


def test_a_database_that_is_opened_twice_is_still_locked(tmp_path):
    """Else another process that closes it takes itself for the last, and removes the log of this one."""
    url = f"sqlite:///{tmp_path}/control.db"
    engine = open_database(url)
    with engine.connect() as connection:
        connection.execute(text("SELECT * FROM alembic_version"))
        open_database(url).dispose()
        log = tmp_path / "control.db-wal"
        before = log.stat().st_ino
        code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM pilots'); c.close()"
        subprocess.run([sys.executable, "-c", code, tmp_path / "control.db"], check=True)
        assert log.stat().st_ino == before
    engine.dispose()
