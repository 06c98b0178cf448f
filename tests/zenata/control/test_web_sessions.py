"""Sessions of browsers, in both databases."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.clocks import StandingClock
from zenata.city.clock import SECOND
from zenata.control.keys import Scope
from zenata.control.pilot import PilotError
from zenata.control.register import Register
from zenata.control.tables import WebSessionRow
from zenata.control.web_sessions import LIFETIME, LINK_LIFETIME, MAX_SESSIONS, WebSessions


@pytest.fixture
def sessions(register: Register, clock: StandingClock) -> WebSessions:
    return WebSessions(register, clock)


def test_a_session_lasts_its_time_and_no_longer_than_its_key(
    register: Register, sessions: WebSessions, clock: StandingClock
) -> None:
    key = register.issue("aqua", by="root", expires=clock.time + LIFETIME + SECOND)
    opened = sessions.open(key)
    assert (register.authenticate(opened).pilot, register.session_end(opened)) == ("aqua", clock.time + LIFETIME)
    clock.time += LIFETIME
    assert register.authenticate(opened) is None
    later = sessions.open(key)
    clock.time += SECOND
    assert register.authenticate(later) is None
    assert sessions.open(key) is None


def test_another_process_follows_a_session(register: Register, sessions: WebSessions, clock: StandingClock) -> None:
    other = Register(register.engine, clock=clock)
    opened = sessions.open(register.issue("aqua", by="root"))
    assert other.authenticate(opened) is None
    other.refresh()
    assert other.authenticate(opened) == register.authenticate(opened)
    sessions.close(opened)
    other.refresh()
    assert other.authenticate(opened) is None


def test_a_link_stands_for_the_best_key_once_and_not_for_long(
    register: Register, sessions: WebSessions, clock: StandingClock
) -> None:
    with pytest.raises(PilotError, match="no key that may read"):
        sessions.make_link("aqua", by="shell")
    register.issue("aqua", name="reads", scopes=frozenset({Scope.READ}), by="root")
    register.issue("aqua", by="root")
    links = [sessions.make_link("aqua", by="shell") for _ in range(3)]
    assert register.authenticate(links[0]) is None
    assert register.authenticate(sessions.open(links[0])).key == "main"
    assert sessions.open(links[0]) is None
    register.suspend("aqua", by="root", reason="a test")
    assert sessions.open(links[1]) is None
    with pytest.raises(PilotError, match="suspended"):
        sessions.make_link("aqua", by="shell")
    register.resume("aqua", by="root")
    clock.time += LINK_LIFETIME
    assert sessions.open(links[1]) is None
    with pytest.raises(PilotError, match="there is no pilot"):
        sessions.make_link("nobody", by="shell")


def test_a_suspension_ends_sessions_and_links_for_good(
    register: Register, sessions: WebSessions, clock: StandingClock
) -> None:
    other = Register(register.engine, clock=clock)
    key = register.issue("aqua", by="root")
    link, opened = sessions.make_link("aqua", by="shell"), sessions.open(key)
    register.suspend("aqua", by="root", reason="a test")
    register.resume("aqua", by="root")
    other.refresh()
    assert [one.authenticate(opened) for one in (register, other)] == [None, None]
    assert sessions.open(link) is None
    assert register.authenticate(sessions.open(key)).pilot == "aqua"


def test_a_session_that_is_opened_while_its_pilot_is_suspended_is_none(
    register: Register, sessions: WebSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = register.issue("aqua", by="root")
    found = sessions._key_behind(key)
    register.suspend("aqua", by="root", reason="a test")
    monkeypatch.setattr(sessions, "_key_behind", lambda _: found)  # it was looked at just before
    assert sessions.open(key) is None
    register.resume("aqua", by="root")
    assert sessions.open(key)


def test_the_oldest_sessions_of_a_key_end_when_there_are_too_many(
    register: Register, sessions: WebSessions, clock: StandingClock
) -> None:
    key = register.issue("aqua", by="root")
    opened = []
    for _ in range(MAX_SESSIONS + 2):
        clock.time += SECOND
        opened.append(sessions.open(key))
    assert [register.authenticate(one) is None for one in opened] == [True] * 2 + [False] * MAX_SESSIONS


def test_what_has_expired_leaves_the_database_and_no_secret_is_in_it(
    register: Register, sessions: WebSessions, clock: StandingClock
) -> None:
    key = register.issue("aqua", by="root")
    opened = [sessions.open(key), sessions.make_link("aqua", by="shell")]
    with Session(register.engine) as session:
        assert not set(opened) & set(session.scalars(select(WebSessionRow.sha256)))
    clock.time += LIFETIME
    sessions.open(key)
    with Session(register.engine) as session:
        assert session.scalar(select(func.count()).select_from(WebSessionRow)) == 1
