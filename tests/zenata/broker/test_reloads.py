"""Reloads of users by NATS: whoever comes through one with the rights of before is disconnected, and nobody else."""

from collections.abc import Mapping
from typing import Any

import pytest

from zenata.broker import reloads as module
from zenata.broker.base import User, pilot_user
from zenata.broker.reloads import Reloads
from zenata.city.clock import SECOND
from zenata.errors import BrokerError

Cut = tuple[Mapping[str, int], int | None]


class Broker:
    """A broker on a clock of its own [us]."""

    def __init__(self) -> None:
        self.now, self.time = 1_000 * SECOND, 900 * SECOND
        self.answers = True
        self.cuts: list[Cut] = []

    def loaded(self) -> int:
        if not self.answers:
            raise BrokerError("it does not answer")
        return self.time

    def disconnect(self, users: Mapping[str, int], until: int | None = None) -> int:
        if not self.answers:
            raise BrokerError("it does not answer")
        self.cuts.append((dict(users), until))
        return 0


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    clock: Any = type("Clock", (), {"now": lambda _: broker.now})
    monkeypatch.setattr(module, "WallClock", clock)
    monkeypatch.setattr("zenata.broker.reloads.time.monotonic", lambda: broker.now / SECOND)
    return broker


@pytest.fixture
def reloads(broker: Broker) -> Reloads:
    made: Any = Reloads(broker)  # type: ignore[arg-type]
    return made


def user(name: str, role: str = "pilot", hash_: str = "a", own: tuple[str, ...] = ()) -> User:
    return pilot_user(name, hash_, role=role, own=own)


def test_whoever_loses_a_right_is_cut_where_it_came_in_meanwhile_when_that_is_known_and_once_more(
    broker: Broker, reloads: Reloads
) -> None:
    reloads.begin([user("eve", "engineer"), user("demo")], [user("eve", "guest"), user("demo", own=("w-1",))], {"w-1"})
    began = broker.now
    reloads.disconnect()
    assert (broker.cuts, reloads.is_settled()) == ([], False)
    broker.now += 2 * SECOND
    broker.time = broker.now
    cut = ({"eve": began - 5 * SECOND}, broker.time)
    reloads.disconnect()
    assert (broker.cuts, reloads.is_settled()) == ([cut], True)
    broker.now += 4 * SECOND
    reloads.disconnect()
    assert broker.cuts == [cut]
    broker.now += SECOND
    reloads.disconnect()
    reloads.disconnect()
    assert broker.cuts == [cut, cut]


@pytest.mark.parametrize("after", [[], [user("eve", hash_="b")]], ids=["no user any more", "another key"])
def test_whoever_is_to_go_is_cut_at_once_and_after_the_reload(
    broker: Broker, reloads: Reloads, after: list[User]
) -> None:
    reloads.begin([user("eve")], after, {"w-1"})
    reloads.disconnect()
    assert broker.cuts == [({"eve": 0}, None)]
    broker.time = broker.now + 1
    reloads.disconnect()
    assert broker.cuts[1:] == [({"eve": 0}, broker.time)]


@pytest.mark.parametrize(("worlds", "is_cut"), [({"w-2"}, False), ({"w-1", "w-2"}, True)])
def test_rights_to_a_world_that_is_deleted_are_no_loss(
    broker: Broker, reloads: Reloads, worlds: set[str], is_cut: bool
) -> None:
    reloads.begin([user("demo", own=("w-1", "w-2"))], [user("demo", own=("w-2",))], worlds)
    broker.time = broker.now + 1
    reloads.disconnect()
    assert (broker.cuts != []) == is_cut


def test_who_gains_rights_is_left_alone(broker: Broker, reloads: Reloads) -> None:
    reloads.begin([user("eve"), user("demo", "guest")], [user("eve", own=("w-1",)), user("demo"), user("new")], {"w-1"})
    broker.time = broker.now + 1
    reloads.disconnect()
    assert (broker.cuts, reloads.is_settled()) == ([], True)


def test_a_broker_that_does_not_answer_is_asked_again(broker: Broker, reloads: Reloads) -> None:
    broker.answers = False
    reloads.begin([user("eve")], [], {"w-1"})
    reloads.disconnect()
    assert not reloads.is_settled()
    broker.answers, broker.time = True, broker.now + 1
    reloads.disconnect()
    reloads.disconnect()
    assert broker.cuts == [({"eve": 0}, None), ({"eve": 0}, broker.time)]


def test_who_is_let_in_again_is_not_cut_for_the_time_before(broker: Broker, reloads: Reloads) -> None:
    reloads.begin([user("eve")], [], ())
    broker.answers = False
    reloads.disconnect()
    broker.answers, broker.time = True, broker.now + 1
    assert reloads.is_settled()
    reloads.begin([], [user("eve")], ())
    reloads.disconnect()
    assert broker.cuts == [({"eve": 0}, broker.time)]


def test_a_reload_that_never_ends_holds_up_the_next_for_a_minute(broker: Broker, reloads: Reloads) -> None:
    reloads.begin([user("eve", "engineer")], [user("eve", "guest")], {"w-1"})
    broker.now += 59 * SECOND
    assert not reloads.is_settled()
    broker.now += SECOND
    assert reloads.is_settled()
    reloads.disconnect()
    assert [until for _, until in broker.cuts] == [broker.now]


def test_a_reload_that_begins_during_another_cuts_whoever_came_through_either(broker: Broker, reloads: Reloads) -> None:
    began = broker.now
    reloads.begin([user("eve", "engineer"), user("demo")], [user("eve", "guest"), user("demo")], ())
    broker.now += 4 * SECOND
    assert not reloads.expel(["demo"])
    reloads.disconnect()
    assert broker.cuts == [({"demo": 0}, None)]
    broker.now += SECOND
    assert not reloads.expel([])
    assert reloads.expel(["demo"])
    reloads.begin([user("eve", "guest"), user("demo")], [user("eve", "guest")], ())
    broker.time = broker.now + 1
    reloads.disconnect()
    both, first = {"eve": began - 5 * SECOND, "demo": 0}, broker.time
    assert broker.cuts[1:] == [({"demo": 0}, None), (both, first)]
    assert not reloads.is_settled(), "it may have been the end of the reload before"
    broker.now += 2 * SECOND
    broker.time = broker.now
    reloads.disconnect()
    assert broker.cuts[3:] == [(both, broker.time)]
    assert reloads.is_settled()
