import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from api.worlds.command_audit import CommandAudit
from tests.clocks import StandingClock
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import SECOND
from zenata.control.audit import Audit, AuditEntry
from zenata.control.database import open_database

OWN, LAMP = "w-1/commands/water/water-0010", "zenata/commands/streetlight/streetlight-0007"
DIM = b'{"id": "a1", "set": {"dim": 0.4}}'


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(sqlite_in(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def command_audit(engine: Engine, clock: StandingClock) -> CommandAudit:
    return CommandAudit(
        audit=Audit(engine),
        clock=clock,
        owners=lambda: {"w-1": "demo"},
        allowed=lambda sensor: ["volt", "aqua"] if sensor == "streetlight-0007" else [],
        shared="zenata",
    )


def lines(engine: Engine) -> list[AuditEntry]:
    return list(reversed(Audit(engine).entries(limit=10_000)))


@pytest.mark.parametrize(
    ("topic", "may"),
    [(OWN, ["demo"]), (LAMP, ["aqua", "volt"]), (LAMP[:-1] + "8", []), (OWN.replace("w-1", "w-2"), [])],
)
def test_a_line_says_what_was_commanded_and_who_may_have(command_audit, engine, clock, topic, may):
    command_audit.note(topic, DIM)
    (line,) = lines(engine)
    assert (line.who, line.what, line.target, line.time) == ("mqtt", "MQTT command", topic, clock.now())
    world, *_, sensor = topic.split("/")
    expected = {"world": world, "sensor": sensor, "set": {"dim": 0.4}, "id": "a1", "may": may, "unlisted": 0}
    assert line.detail == expected


@pytest.mark.parametrize(
    ("topic", "payload"), [(OWN, b"{"), (OWN, b'{"set": {"dim": "\xff"}}'), (OWN, b'{"set": 3}'), ("w-1/clock", DIM)]
)
def test_what_is_no_command_is_no_line(command_audit, engine, topic, payload):
    command_audit.note(topic, payload)
    assert lines(engine) == []


def test_beyond_what_a_log_can_take_commands_are_counted(command_audit, engine, clock):
    for number in range(500):
        command_audit.note(OWN, json.dumps({"set": {"valve": number}}).encode())
    listed = len(lines(engine))
    assert listed < 500
    command_audit.note(LAMP, DIM)  # of another world
    assert lines(engine)[-1].target == LAMP
    clock.time += 10 * SECOND
    for _ in range(2):
        command_audit.note(OWN, DIM)
    counts = [line.detail["unlisted"] for line in lines(engine) if line.target == OWN]
    assert counts == [0] * listed + [500 - listed, 0]


def test_a_line_that_could_not_be_stored_is_stored_when_it_comes_again(command_audit, engine, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Audit, "record", _fails)
        with pytest.raises(OperationalError):
            command_audit.note(OWN, DIM)
    command_audit.note(OWN, DIM)
    assert [line.target for line in lines(engine)] == [OWN]


def _fails(*_: object) -> None:
    raise OperationalError("insert", {}, Exception("the database is away"))
