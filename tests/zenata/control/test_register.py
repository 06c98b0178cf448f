"""Pilots and their keys, in both databases."""

from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.clocks import StandingClock
from tests.waiting import at_once, wait_until
from zenata.city.clock import SECOND
from zenata.control.audit import Audit
from zenata.control.database import open_database
from zenata.control.keys import Principal, Role, Scope
from zenata.control.pilot import PilotError, Quotas
from zenata.control.register import KEY_CHANGES, MAX_KEYS, Register
from zenata.control.web_sessions import WebSessions


def test_a_key_speaks_for_its_pilot(register: Register) -> None:
    key = register.issue("aqua", by="root")
    found = register.authenticate(key)
    assert (found.pilot, found.role, found.key, found.scopes) == ("aqua", Role.PILOT, "main", frozenset(Scope))
    assert register.authenticate(key[:-1] + ("a" if key[-1] != "a" else "b")) is None
    assert register.authenticate(key + "a") is None
    assert register.authenticate("") is None


def test_the_database_holds_no_key(register: Register, engine: Engine, fresh: str) -> None:
    keys = [register.issue("aqua", by="root"), register.rotate("aqua", "main", by="root")]
    with engine.connect() as connection:
        tables = register.keys()[0], connection.execute(text("SELECT * FROM keys")).all()
        audit = connection.execute(text("SELECT * FROM audit")).all()
    for key in keys:
        assert key not in repr(tables) + repr(audit)
        assert key[12:] not in repr(tables) + repr(audit)
        if fresh.startswith("sqlite"):
            written = b"".join(file.read_bytes() for file in Path(fresh.removeprefix("sqlite:///")).parent.iterdir())
            assert key.encode() not in written


def test_a_rotated_key_is_good_for_nothing_at_once(register: Register) -> None:
    old = register.issue("aqua", scopes=frozenset({Scope.READ}), by="root")
    new = register.rotate("aqua", "main", by="root")
    assert register.authenticate(old) is None
    assert register.rejection(old).startswith("was revoked")
    assert register.authenticate(new).scopes == {Scope.READ}


def test_a_revoked_key_leaves_its_name_free(register: Register) -> None:
    old = register.issue("aqua", name="phone", by="root")
    register.revoke("aqua", "phone", by="root")
    assert register.authenticate(old) is None
    assert register.authenticate(register.issue("aqua", name="phone", by="root")).key == "phone"
    assert len(register.keys("aqua")) == 2


def test_a_key_ends_by_itself(register: Register, clock: StandingClock) -> None:
    key = register.issue("aqua", expires=clock.time + SECOND, by="root")
    assert register.authenticate(key)
    clock.time += SECOND
    assert register.authenticate(key) is None
    assert register.rejection(key).startswith("has expired")
    assert register.users() == ()


def test_a_suspended_pilot_has_no_key_and_no_user_until_it_is_resumed(register: Register) -> None:
    key = register.issue("aqua", by="root")
    register.suspend("aqua", reason="too loud", by="root")
    assert (register.authenticate(key), register.users(), register.is_active("aqua")) == (None, (), False)
    assert "suspended (too loud)" in register.rejection(key)
    register.resume("aqua", by="root")
    assert register.authenticate(key)
    assert [user.name for user in register.users()] == ["aqua"]


@pytest.mark.parametrize(("scopes", "reads", "writes"), [("read", True, False), ("write", False, True)])
def test_a_user_may_do_what_its_key_is_good_for(register: Register, scopes: str, reads: bool, writes: bool) -> None:
    register.issue("aqua", scopes=frozenset({Scope.MQTT, Scope(scopes)}), by="root")
    (user,) = register.users()
    assert (user.reads, user.writes) == (reads, writes)


def test_only_keys_for_mqtt_are_users(register: Register) -> None:
    register.issue("aqua", by="root")
    register.issue("aqua", name="web", scopes=frozenset({Scope.READ}), by="root")
    register.issue("aqua", name="phone", scopes=frozenset({Scope.MQTT}), by="root")
    assert [(user.name, user.writes) for user in register.users()] == [("aqua", True), ("aqua_phone", False)]


def test_keys_are_found_by_how_they_begin(register: Register) -> None:
    keys = {name: register.issue("aqua", name=name, by="root") for name in ("main", "phone")}
    for name, key in keys.items():
        assert [one.name for one in register.keys(prefix=key[:7])] == [name]
    assert register.keys(prefix="zk_%") == []
    assert {one.name for one in register.keys(prefix="zk_")} == set(keys)
    assert register.keys(prefix="ZK_") == []


def test_quotas_are_a_pilots_own_or_the_default(engine: Engine) -> None:
    register = Register(engine, quotas=Quotas(worlds=7))
    register.add("aqua", quotas={"points_per_day": 10}, by="root")
    assert (register.quotas("aqua").worlds, register.quotas("aqua").points_per_day) == (7, 10)
    register.change("aqua", quotas={"worlds": 1, "points_per_day": None}, by="root")
    assert register.quotas("aqua") == Quotas(worlds=1)
    assert register.quotas("nobody") == Quotas(worlds=7)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda register: register.add("aqua", by="root"), "conflict"),
        (lambda register: register.add("Aqua", by="root"), "invalid"),
        (lambda register: register.add("ingest", by="root"), "invalid"),
        (lambda register: register.add("b", quotas={"worlds": -1}, by="root"), "invalid"),
        (lambda register: register.add("b", quotas={"wishes": 3}, by="root"), "invalid"),
        (lambda register: register.change("aqua", theme="x" * 201, by="root"), "invalid"),
        (lambda register: register.change("aqua", role="admin", by="root"), "invalid"),
        (lambda register: register.change("nobody", theme="x", by="root"), "unknown"),
        (lambda register: register.suspend("nobody", reason="x", by="root"), "unknown"),
        (lambda register: register.issue("nobody", by="root"), "unknown"),
        (lambda register: register.issue("aqua", name="a b", by="root"), "invalid"),
        (lambda register: register.issue("aqua", scopes=frozenset(), by="root"), "invalid"),
        (lambda register: register.issue("aqua", expires=1, by="root"), "invalid"),
        (lambda register: register.rotate("aqua", "none", by="root"), "unknown"),
        (lambda register: register.revoke("aqua", "none", by="root"), "unknown"),
        (lambda register: [register.issue("aqua", by="root") for _ in range(2)], "conflict"),
    ],
)
def test_what_cannot_be_is_refused_and_not_noted(register: Register, engine: Engine, act, reason: str) -> None:
    with pytest.raises(PilotError) as refused:
        act(register)
    assert refused.value.reason == reason
    assert {entry.what for entry in Audit(engine).entries()} <= {"pilot.add", "key.issue"}
    assert [pilot.name for pilot in register.pilots()] == ["aqua"]


def test_the_last_administrator_cannot_be_suspended(register: Register) -> None:
    register.add("root", role=Role.ADMIN, by="shell")
    register.issue("root", by="shell")
    register.add("second", role=Role.ADMIN, by="shell")
    register.issue("second", name="reader", scopes=frozenset({Scope.READ}), by="shell")
    with pytest.raises(PilotError, match="nobody could resume it"):
        register.suspend("root", reason="x", by="root")
    assert register.suspend("aqua", reason="x", by="root").suspended
    register.issue("second", by="shell")
    assert register.suspend("root", reason="x", by="second").suspended


def test_the_last_key_that_manages_pilots_cannot_be_revoked(register: Register, clock: StandingClock) -> None:
    register.add("saz", role=Role.ADMIN, by="root")
    register.issue("saz", by="root")
    register.issue("saz", name="reader", scopes=frozenset({Scope.READ}), by="root")
    register.issue("saz", name="soon", expires=clock.time + SECOND, by="root")
    register.revoke("saz", "soon", by="root")
    register.issue("saz", name="soon", expires=clock.time + SECOND, by="root")
    clock.time += SECOND
    with pytest.raises(PilotError, match="nobody could manage pilots without this key") as refused:
        register.revoke("saz", "main", by="root")
    assert refused.value.reason == "conflict"
    register.revoke("saz", "reader", by="root")
    register.issue("saz", name="other", by="root")
    register.revoke("saz", "main", by="root")


def test_another_process_follows(register: Register, fresh: str) -> None:
    engine = open_database(fresh)
    with Register(engine) as other:
        key = register.issue("aqua", by="root")
        wait_until(lambda: other.authenticate(key), "it is known there")
        register.suspend("aqua", reason="x", by="root")
        wait_until(lambda: other.authenticate(key) is None, "and good for nothing there")
    engine.dispose()


def test_of_two_that_issue_the_same_key_at_once_one_is_refused(register: Register, fresh: str) -> None:
    engines = [open_database(fresh) for _ in range(2)]

    def issue(register: Register) -> str:
        try:
            return register.issue("aqua", name="phone", by="root")
        except PilotError as error:
            return error.reason

    outcomes = at_once(*(partial(issue, Register(engine)) for engine in engines))
    for engine in engines:
        engine.dispose()
    register.refresh()
    assert sorted(register.authenticate(one) is not None for one in outcomes) == [False, True]
    assert "conflict" in outcomes
    assert len([key for key in register.keys("aqua") if key.name == "phone"]) == 1


def test_every_change_is_in_the_audit_log_for_ever(register: Register, engine: Engine) -> None:
    key = register.issue("aqua", by="root")
    register.suspend("aqua", reason="too loud", by="root")
    entries = Audit(engine).entries()
    assert [(entry.who, entry.what, entry.target) for entry in entries] == [
        ("root", "pilot.suspend", "aqua"),
        ("root", "key.issue", "aqua/main"),
        ("root", "pilot.add", "aqua"),
    ]
    assert entries[1].detail["prefix"] == key[:9]
    assert Audit(engine).entries(before=entries[0].id, limit=1) == entries[1:2]
    assert Audit(engine).entries(who="nobody") == []
    again = "INSERT OR REPLACE INTO audit SELECT * FROM audit" if engine.dialect.name == "sqlite" else "TRUNCATE audit"
    for change in ("DELETE FROM audit", "UPDATE audit SET who = 'ben'", again):
        with pytest.raises(SQLAlchemyError), engine.begin() as connection:
            connection.execute(text(change))
    assert Audit(engine).entries() == entries


def test_a_pilot_has_so_many_keys_and_changes_so_many_a_minute(engine: Engine) -> None:
    clock = StandingClock()
    register = Register(engine, clock=clock)
    register.add("aqua", by="root")
    register.issue("aqua", by="root")
    own = Principal(pilot="aqua", role=Role.PILOT)
    for number in range(KEY_CHANGES):
        register.issue("aqua", name=f"k{number}", by=own)
    for act in (
        lambda: register.issue("aqua", name="more", by=own),
        lambda: register.rotate("aqua", "k1", by=own),
        lambda: register.revoke("aqua", "k1", by=own),
    ):
        with pytest.raises(PilotError, match="a minute") as error:
            act()
        assert error.value.reason == "rate"
    register.rotate("aqua", "k1", by=Principal(pilot="root", role=Role.ADMIN))
    clock.time += 61 * 10**6
    for number in range(KEY_CHANGES, MAX_KEYS - 1):
        register.issue("aqua", name=f"k{number}", by=own)
    with pytest.raises(PilotError, match="the most that a pilot may have") as error:
        register.issue("aqua", name="more", by="root")
    assert error.value.reason == "limit"


def test_only_the_newest_revoked_keys_are_remembered(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 30 changes a minute a pilot makes 20,000 a day, and every process read all of them after each change."""
    monkeypatch.setattr("zenata.control.register.MAX_REVOKED", 3)
    first = register.issue("aqua", by="root")
    WebSessions(register).open(first)
    for _ in range(3):
        register.rotate("aqua", "main", by="root")
    assert len(register.keys("aqua")) == 4
    assert "was revoked" in register.rejection(first)
    register.rotate("aqua", "main", by="root")
    register.issue("aqua", name="phone", by="root")
    register.revoke("aqua", "phone", by="root")
    assert [(key.name, key.revoked is None) for key in register.keys("aqua")] == [
        ("phone", False),
        ("main", True),
        ("main", False),
        ("main", False),
    ]
    assert "none of this sandbox" in register.rejection(first)


def test_who_changes_too_many_keys_is_refused_before_anything_is_written(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = Principal(pilot="aqua", role=Role.PILOT)
    for number in range(KEY_CHANGES):
        register.issue("aqua", name=f"k{number}", by=by)
    monkeypatch.setattr("zenata.control.register.update", Mock(side_effect=AssertionError))
    with pytest.raises(PilotError) as error:
        register.issue("aqua", name="more", by=by)
    assert error.value.reason == "rate"
