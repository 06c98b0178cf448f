"""The audit log, which only grows: what is asked of it again and again costs no more when it is long."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from zenata.control.audit import BROKER_CUT_OFF, BROKER_LOST, WEBHOOK_LATE, Audit
from zenata.control.database import open_database
from zenata.control.keys import ALL, Principal, Role
from zenata.control.register import Register


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/control.db")
    yield engine
    engine.dispose()


@contextmanager
def plans(engine: Engine) -> Iterator[list[str]]:
    """Collect how SQLite looks up what is asked of the audit log in the block."""
    asked: list[tuple[str, Any]] = []
    found: list[str] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        if statement.startswith("SELECT") and "audit" in statement:
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            found.append("; ".join(str(row[3]) for row in rows))


def test_what_was_done_lately_is_found_by_its_time(engine: Engine) -> None:
    """Every look at alerts, and each pilot's at its own activity, read the whole log: a million entries after six days of one pilot."""
    audit = Audit(engine)
    with plans(engine) as found:
        audit.entries(who="aqua", what=(BROKER_CUT_OFF, BROKER_LOST, WEBHOOK_LATE), since=1, limit=200)
        audit.entries(what=(BROKER_LOST,), since=1, limit=200)
        audit.backfilled("aqua", 1)
    assert len(found) == 3
    assert all("what=? AND time>?" in plan for plan in found), found


def test_whether_keys_are_changed_too_often_is_found_without_reading_what_else_a_pilot_did(engine: Engine) -> None:
    register = Register(engine)
    register.add("aqua", by="test")
    register.issue("aqua", by="test")
    principal = Principal(pilot="aqua", role=Role.PILOT, key="main", scopes=ALL)
    with plans(engine) as found:
        register.issue("aqua", name="other", by=principal)
    assert found
    assert all("who=? AND what=? AND time>?" in plan for plan in found), found
