"""Servers of the API on one database: who leads, and what they tell one another; on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.waiting import wait_until
from zenata.control.peers import Peers, SharedValues
from zenata.control.server_tables import BatchRow


@pytest.fixture
def peers(engine):
    """Return servers whose turns the test takes, unless it starts them."""

    def make(name: str, **options) -> Peers:
        return Peers(engine, name, f"http://{name}", **options)

    return make


def test_one_leads_until_it_leaves(peers):
    first, second = peers("a"), peers("b")
    for _ in range(2):
        first.turn()
        second.turn()
    assert (first.leads, second.leads) == (True, False)
    assert (first.count, second.count) == (2, 2)
    first.leave()
    second.turn()
    assert (first.leads, second.leads) == (False, True)
    assert second.count == 1


def test_another_leads_when_the_first_has_died(peers):
    first, second = peers("a", lease=1.5), peers("b", lease=1.5)
    first.turn()
    second.turn()
    assert not second.leads
    gaps = []
    second._on_gap = lambda: gaps.append(1)
    second.start()  # and the first takes no turn any more
    try:
        wait_until(lambda: second.leads, "the second leads")
        assert not first.leads, "a leader that cannot renew its lease stops before another may take it"
        wait_until(lambda: second.count == 1 and gaps, "the first counts as dead")
        assert second.url_of("a") is None
    finally:
        second.close()


def test_a_leader_that_was_paused_does_not_get_the_lease_back(peers):
    first, second = peers("a"), peers("b")
    first.turn()
    second.turn()
    second._holder = (*second._holder[:2], -1e9)  # it has seen the same beat for long
    second.turn()
    assert second.leads
    first.turn()
    assert not first.leads


def test_a_server_that_starts_anew_leads_on(peers):
    peers("a").turn()
    again = peers("a")
    again.turn()
    assert again.leads


def test_what_is_counted_is_known_to_the_others(peers):
    first, second = peers("a"), peers("b")
    first.add("requests:demo", 5)  # before the second came
    first.turn()
    second.turn()
    assert second.others("requests:demo") == 0
    first.add("requests:demo", 2)
    second.add("requests:demo", 3)
    for one in (first, second, first):
        one.turn()
    assert (first.others("requests:demo"), second.others("requests:demo")) == (3, 2)
    again = peers("a")  # killed, and back: it has counted nothing
    again.turn()
    again.add("requests:demo")
    again.turn()
    second.turn()
    assert second.others("requests:demo") == 3


def test_notes_are_of_those_who_live(peers):
    first, second = peers("a"), peers("b")
    first.notes["locked out"] = {"10.0.0.1": 5.0}
    first.turn()
    second.turn()
    assert second.noted("locked out") == [{"10.0.0.1": 5.0}]
    assert second.noted("findings") == []
    first.leave()
    second.turn()
    assert second.noted("locked out") == []


def test_what_is_published_comes_once_and_in_order(peers, engine):
    came, gaps = [], []
    first, second = peers("a"), peers("b", on_batch=came.append, on_gap=lambda: gaps.append(1))
    first.publish(b"before the second came")
    for one in (first, second):
        one.turn()
    for number in range(3):
        first.publish(b"%d" % number)
    first.turn()
    first.publish(b"3")
    first.turn()
    for _ in range(2):
        second.turn()
    assert came == [b"0", b"1", b"2", b"3"]
    again = peers("a")  # it goes on counting
    again.turn()
    again.publish(b"4")
    again.turn()
    second.turn()
    assert (came[4:], gaps) == ([b"4"], [])
    again.publish(b"lost")
    again.turn()
    with Session(engine) as session, session.begin():
        session.delete(session.scalars(select(BatchRow).order_by(BatchRow.number.desc())).first())
    second.turn()
    assert (came[5:], gaps) == ([], [1]), "what is gone is known to be"


def test_the_first_value_is_that_of_all(engine):
    one, other = SharedValues(engine), SharedValues(engine)
    assert one.get("cursors") is None
    assert one.keep("cursors", "first") == other.keep("cursors", "second") == "first"
    other.set("cursors", "third")
    assert one.get("cursors") == "third"


def test_without_the_database_each_is_alone(peers, engine):
    first, second = peers("a"), peers("b")
    for one in (first, second, first):
        one.turn()
    assert first.count == 2
    first._heard -= 60  # a minute has passed without a turn
    assert first.count == 1
