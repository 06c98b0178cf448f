"""Streams lose nothing, whatever becomes of the connection."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import api.live.events
from api.live.hub import Hub
from tests.api.live.streams import ingest, listening
from tests.api.running import Api, running, series_of, small_city
from tests.client.clients import opened
from tests.client.proxy import proxy_to
from zenata_client import Client, ProblemError, UnreachableError
from zenata_client.calls.stream import _Events, stream
from zenata_client.plan import PATIENCE, Pause

SSE = httpx.Response(200, headers={"content-type": "text/event-stream"})
CITY = small_city()
NOISE = {"kind": "noise"}
"""One series: one reading a minute."""


@pytest.fixture
def capacity():
    """Readings that the hub remembers."""
    return 200_000


@pytest.fixture
def served(capacity):
    """The API over an empty store."""
    with running(city=CITY, hub=Hub(capacity=capacity)) as served:
        yield served


@pytest.fixture
def behind():
    """Does things while the test waits for readings, and fails with them."""
    with ThreadPoolExecutor(1) as pool:
        doing = []
        yield lambda act, *args: doing.append(pool.submit(act, *args))
        for one in doing:
            one.result(10)


def say(served: Api, *minutes: int, listeners: int = 1) -> None:
    """What sensors say once somebody listens, or nobody."""
    listening(served, listeners)
    for minute in minutes:
        ingest(served, range(minute, minute + 1), series_of(CITY))


def minutes(stream, count):
    return [reading.seq - 1 for reading in islice(stream, count)]


def test_readings_come_as_they_happen(kind, served, behind):
    with opened(kind, served.url, served.secrets["pilot"]) as client:
        with closing(client.stream(**NOISE)) as stream:
            behind(say, served, 0, 1)
            (reading,) = islice(stream, 1)
            assert (reading.sensor, reading.kind, reading.seq) == ("noise-0001", "noise", 1)
            assert minutes(stream, 1) == [1]
        listening(served, 0)
        assert client.latest(**NOISE)[0].seq == 2


def test_nothing_is_missed_behind_a_connection_that_was_cut(kind, served, behind):
    with (
        proxy_to(served.url) as proxy,
        opened(kind, proxy.url, served.secrets["pilot"]) as client,
        closing(client.stream(**NOISE)) as stream,
    ):
        behind(say, served, 0)
        assert minutes(stream, 1) == [0]

        def away() -> None:
            proxy.cut()
            say(served, 1, listeners=0)

        behind(away)
        assert minutes(stream, 1) == [1]
        behind(say, served, 2)
        assert minutes(stream, 1) == [2]
        assert proxy.cuts == 1


@pytest.mark.parametrize("capacity", [1])
def test_what_is_too_much_to_be_sent_again_is_requested(served, behind, monkeypatch):
    monkeypatch.setattr(api.live.events, "SLICE", 2)
    monkeypatch.setattr(api.live.events, "REPLAY_LIMIT", 16)
    with (
        proxy_to(served.url) as proxy,
        Client(proxy.url, served.secrets["pilot"]) as client,
        closing(client.stream(**NOISE)) as stream,
    ):
        behind(say, served, 0)
        assert minutes(stream, 1) == [0]

        def away() -> None:
            proxy.cut()
            say(served, *range(1, 41), listeners=0)
            say(served, 41)

        behind(away)
        missing = set(range(1, 42))
        while missing:
            missing -= set(minutes(stream, 1))


def test_a_pilot_who_is_suspended_receives_why_it_ends(served, behind):
    def suspend() -> None:
        listening(served)
        served.register.suspend("test-pilot", by="test", reason="a test")

    with (
        Client(served.url, served.secrets["pilot"]) as client,
        closing(client.stream(**NOISE)) as stream,
    ):
        behind(suspend)
        with pytest.raises(ProblemError) as refused:
            next(stream)
    assert refused.value.status == 401


def test_what_cannot_be_asked_is_reported_at_once(client):
    with pytest.raises(ProblemError) as refused:
        next(client.stream(kind="no-such-kind"))
    assert refused.value.status == 422


def test_nobody_at_the_address_is_reported_at_once_at_first_and_after_patience_later():
    away = UnreachableError("away")
    plan = stream()
    next(plan)
    with pytest.raises(UnreachableError):
        plan.throw(away)
    plan = stream()
    next(plan)
    plan.send((SSE, None))
    plan.send(b"retry: 2000\nid: a\n\n")
    waited = 0.0
    with pytest.raises(UnreachableError):  # noqa: PT012 - each step follows from the one before
        while isinstance(pause := plan.throw(away), Pause):
            waited += pause.seconds
            assert plan.send(None).send.headers == {"Last-Event-ID": "a"}
    assert PATIENCE <= waited <= PATIENCE + 2


def test_a_gap_that_could_not_be_requested_is_requested_again():
    plan = stream()
    next(plan)
    plan.send((SSE, None))
    gap = b'id: g\nevent: gap\ndata: {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:01:00Z"}\n\n'
    backfill = plan.send(b"id: a\n\n" + gap + b"id: z\n\n")
    assert "readings" in backfill.path
    assert isinstance(plan.throw(UnreachableError("away")), Pause)
    assert plan.send(None).send.headers == {"Last-Event-ID": "a"}


@given(st.lists(st.integers(1, 60)))
def test_events_are_read_however_they_are_cut(widths):
    sent = b"retry: 250\nid: a\n\n: still here\n\nid: b\r\nevent: reading\r\ndata: 1\r\ndata: \xc3\xa9\r\n\r\ndata:2\n\nid: c\nevent: x\n"
    events, found, begin = _Events(), [], 0
    for width in [*widths, len(sent)]:
        found += events.feed(sent[begin : begin + width])
        begin += width
    assert [event for event in found if event[1]] == [("b", "reading", "1\né"), ("b", "message", "2")]
    assert (found[0][0], events.last, events.wait) == ("a", None, 0.25)
