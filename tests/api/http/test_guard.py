import pytest

from api.http.guard import LOCKED, WRONG_KEYS, Guard
from api.http.problems import Problem
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import SECOND
from zenata.control.database import open_database
from zenata.control.keys import new_key
from zenata.control.pilot import Quotas
from zenata.control.register import Register

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def register(tmp_path, clock):
    engine = open_database(sqlite_in(tmp_path))
    register = Register(engine, clock=clock, quotas=Quotas(requests_per_minute=60))
    register.add("aqua", by="test")
    yield register
    engine.dispose()


@pytest.fixture
def guard(register, clock):
    return Guard(register, clock)


def refused(guard, address, key=None):
    """The kind of problem and how long to wait [s]."""
    with pytest.raises(Problem) as problem:
        guard.identify(key or new_key(), address)
    return problem.value.name, problem.value.headers.get("Retry-After")


def test_who_guesses_is_locked_out_for_a_while(guard, clock):
    assert [refused(guard, HERE)[0] for _ in range(WRONG_KEYS)] == ["no-key"] * WRONG_KEYS
    assert refused(guard, HERE) == ("locked-out", "60")
    clock.time += 20 * SECOND
    assert refused(guard, HERE) == ("locked-out", "40")
    assert guard.locked == {HERE: 40.0}
    clock.time += int((LOCKED - 20) * SECOND)
    assert refused(guard, HERE)[0] == "no-key"
    assert guard.locked == {}


def test_a_good_key_that_was_never_seen_there_waits_too(guard, register, clock):
    key = register.issue("aqua", by="test")
    for _ in range(WRONG_KEYS + 1):
        refused(guard, HERE)
    assert refused(guard, HERE, key)[0] == "locked-out"
    clock.time += int(LOCKED * SECOND)
    assert guard.identify(key, HERE).pilot == "aqua"


def test_neighbours_of_who_guesses_go_on(guard, register):
    key = register.issue("aqua", by="test")
    guard.identify(key, HERE)
    for _ in range(WRONG_KEYS + 1):
        refused(guard, HERE)
    assert guard.identify(key, HERE).pilot == "aqua"
    assert guard.identify(key, THERE).pilot == "aqua"
    assert refused(guard, THERE)[0] == "no-key"


@pytest.mark.parametrize("why", ["revoked", "expired", "suspended"])
def test_a_key_that_is_valid_no_more_is_no_way_in_and_no_guess(guard, register, clock, why):
    """Devices go on asking with it, and keys that are new at their address are not to wait for that."""
    key = register.issue("aqua", by="test", expires=clock.time + SECOND if why == "expired" else None)
    guard.identify(key, HERE)
    clock.time += SECOND
    if why != "expired":
        register.revoke("aqua", "main", by="test") if why == "revoked" else register.suspend(
            "aqua", by="test", reason="x"
        )
    assert {refused(guard, HERE, key) for _ in range(2 * WRONG_KEYS)} == {("no-key", None)}
    register.add("ben", by="test")
    assert guard.identify(register.issue("ben", by="test"), HERE).pilot == "ben"


def test_requests_are_counted_by_pilot(guard, register, clock):
    register.add("ben", quotas={"requests_per_minute": 0}, by="test")
    for _ in range(60):
        guard.count("aqua")
    assert guard.used("aqua") == 1.0
    with pytest.raises(Problem) as over:
        guard.count("aqua")
    assert (over.value.name, over.value.members["quota"]) == ("over-quota", "requests_per_minute")
    assert over.value.headers == {"Retry-After": "1"}
    clock.time += SECOND
    guard.count("aqua")
    with pytest.raises(Problem):
        guard.count("ben")


class Servers:
    """Two servers that hear of each other at once; `other` is what the second sees."""

    def __init__(self) -> None:
        self.count, self.counts, self.notes = 2, {}, {}
        self.other: Servers

    def add(self, name, number=1):
        self.counts[name] = self.counts.get(name, 0) + number

    def others(self, name):
        return self.other.counts.get(name, 0)

    def noted(self, subject):
        return [self.other.notes[subject]] if subject in self.other.notes else []


@pytest.fixture
def guards(register, clock):
    first, second = Servers(), Servers()
    first.other, second.other = second, first
    return Guard(register, clock, first), Guard(register, clock, second)


def accepted(guard, requests):
    count = 0
    for _ in range(requests):
        try:
            guard.count("aqua")
        except Problem:
            continue
        count += 1
    return count


def test_two_servers_let_through_one_quota_in_sum(guards, clock):
    assert [accepted(guard, 100) for guard in guards] == [30, 30], "at once"
    in_sum = 0
    for _ in range(120):  # and later, whoever is asked more
        clock.time += SECOND // 2
        in_sum += accepted(guards[0], 5) + accepted(guards[1], 1)
    assert 55 <= in_sum <= 66, "one minute more, 60 requests"
    assert accepted(guards[0], 100) + accepted(guards[1], 100) == 0


def test_who_asks_one_server_alone_has_the_rate_of_the_quota(guards, clock):
    accepted(guards[0], 100)
    for _ in range(60):
        clock.time += SECOND
        assert accepted(guards[0], 5) == 1


def test_a_server_that_remains_alone_has_all(guards, clock):
    accepted(guards[0], 100)
    guards[0]._peers.count = 1
    clock.time += 60 * SECOND
    assert accepted(guards[0], 100) == 60


def test_who_is_locked_out_is_so_at_all_servers(guards, register, clock):
    key = register.issue("aqua", by="test")
    for _ in range(WRONG_KEYS + 1):
        refused(guards[0], HERE)
    assert refused(guards[1], HERE, key) == ("locked-out", "60")
    assert guards[1].is_locked_out(HERE)
    assert guards[1].identify(key, THERE).pilot == "aqua"
    clock.time += int(LOCKED * SECOND)
    assert guards[1].identify(key, HERE).pilot == "aqua"
