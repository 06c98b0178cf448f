import socket
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks import delivery as module
from api.webhooks.addresses import LOOKUPS_OF_ONE
from api.webhooks.delivery import (
    BACKOFF,
    DISABLE_AFTER,
    MAX_AGE,
    Answer,
    Deliverer,
    after_attempt,
    pause_after,
    why_disable,
)
from api.webhooks.register import Webhooks
from api.webhooks.webhook import AT_ONCE, AT_ONCE_OF_PILOT, MAX_WEBHOOKS, Delivery, Status, Webhook
from tests.api.webhooks.receiver import Receiver
from tests.api.webhooks.rig import HOOK
from tests.waiting import wait_until
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import SECOND, WallClock
from zenata.control.database import open_database
from zenata.process.backoff import Backoff


def made(id_: str, webhook: str = "wh_1", **others) -> Delivery:
    now = WallClock().now()
    return Delivery(
        **{"id": id_, "webhook": webhook, "type": "test", "made": now, "body": '{"type":"test"}', "due": now} | others
    )


class Rig:
    """Webhooks in a real database, and what delivers them in a thread."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.hooks, self.stack = Webhooks(open_database(url)), stack
        self.may = True

    def add(self, url: str, id_: str = "wh_1", **others) -> Webhook:
        hook = replace(HOOK, id=id_, url=url, **others)
        self.hooks.add(hook)
        return hook

    def record(self, *deliveries: Delivery, pilot: str = "demo") -> None:
        self.hooks.record(self.hooks.webhook(pilot, deliveries[0].webhook), {}, deliveries)

    def add_with_delivery(self, url: str) -> None:
        self.add(url)
        self.record(made("msg_1"))

    def deliverer(self, **options) -> Deliverer:
        options = {"private": True, "draw": lambda: 0.5, "may": lambda *_: self.may, **options}
        return Deliverer(hooks=self.hooks, clock=WallClock(), **options)

    def run(self, **options) -> Deliverer:
        """Deliver until the end of the test."""
        return self.stack.enter_context(self.deliverer(**options))

    def log(self, id_: str = "wh_1") -> list[Delivery]:
        return self.hooks.deliveries(id_)

    def wait(self, condition: Callable[[Delivery], bool], id_: str = "wh_1") -> Delivery:
        """Wait until the newest delivery of a webhook is so."""
        deadline = time.monotonic() + 60
        while not condition(newest := self.log(id_)[0]):
            assert time.monotonic() < deadline, newest
            time.sleep(0.02)
        return newest


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(sqlite_in(tmp_path), stack)


def test_a_delivery_arrives_once_and_signed(rig: Rig, receiver: Receiver) -> None:
    hook = rig.add(receiver.url)
    rig.run()
    rig.record(made("msg_1", body='{"word":"grün"}'))
    (request,) = receiver.wait(1)
    done = rig.wait(lambda one: one.status is Status.DELIVERED)
    assert (done.attempts, done.code, done.error, done.due) == (1, 204, "", None)
    assert request.path == "/hook"
    assert request.json == {"word": "grün"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    stamp = request.headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    signed = b".".join([b"msg_1", stamp.encode(), request.body])
    key = b64decode(hook.secret.removeprefix("whsec_"))
    version, _, digest = request.headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert b64decode(digest) == hmac(key, signed, sha256).digest()
    time.sleep(0.5)
    assert len(receiver.requests) == 1


def test_what_fails_is_tried_again_with_the_same_id(
    rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF", Backoff(first=0.01, limit=1.0, factor=4.0))
    receiver.answers = [500, b"nonsense\r\n\r\n", b"", 503, 200]
    rig.add_with_delivery(receiver.url)
    rig.run()
    done = rig.wait(lambda one: one.status is Status.DELIVERED)
    assert done.attempts == 5
    assert {request.id for request in receiver.requests} == {"msg_1"}
    assert rig.hooks.webhook("demo", "wh_1").failing is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_a_failure_and_not_followed(rig: Rig, receiver: Receiver, status: int) -> None:
    receiver.answers = [
        f"HTTP/1.1 {status} Elsewhere\r\nLocation: {receiver.url}/inside\r\nContent-Length: 0\r\n\r\n".encode()
    ]
    rig.add_with_delivery(receiver.url)
    rig.run()
    tried = rig.wait(lambda one: one.attempts == 1)
    assert (tried.code, tried.status) == (status, Status.PENDING)
    assert "redirections are not followed" in tried.error
    assert [request.path for request in receiver.requests] == ["/hook"]
    assert rig.hooks.webhook("demo", "wh_1").failing == tried.tried


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_nothing_goes_inside_unless_allowed(rig: Rig, receiver: Receiver, host: str) -> None:
    rig.add_with_delivery(f"http://{host}:{receiver.port}/")
    rig.run(private=False)
    tried = rig.wait(lambda one: one.attempts == 1)
    assert (tried.code, tried.error) == (None, "the host has no public address that can be reached")
    assert receiver.requests == []


def test_an_answer_that_never_ends_costs_no_more_than_one_that_does(rig: Rig, receiver: Receiver) -> None:
    receiver.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 100_000]
    rig.add_with_delivery(receiver.url)
    rig.run()
    assert rig.wait(lambda one: one.attempts == 1).status is Status.DELIVERED


def test_a_receiver_that_takes_too_long_is_given_up_and_holds_no_other_up(
    rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIME_LIMIT", 0.6)
    receiver.pause = 1.2
    rig.add(receiver.url, "wh_1")
    rig.add("http://127.0.0.1:1/", "wh_2")
    rig.record(made("msg_1"))
    rig.record(made("msg_2", "wh_2"))
    rig.run()
    rig.wait(lambda one: one.attempts == 1, "wh_2")
    assert rig.log("wh_1")[0].attempts == 0
    assert rig.wait(lambda one: one.attempts == 1).error == "no answer within 1 s"


def test_deliveries_about_one_sensor_come_one_after_the_other(rig: Rig, receiver: Receiver) -> None:
    rig.add(receiver.url)
    rig.record(*(made(f"msg_{n}", made=n, due=n, subject="air-1") for n in (3, 1, 2)))
    rig.run()
    assert [request.id for request in receiver.wait(3)] == ["msg_1", "msg_2", "msg_3"]


def test_names_that_nobody_answers_for_hold_up_their_pilot_alone(
    rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing ends a look-up but the system: one pilot's took all threads, and others waited until they gave up."""
    asked, answer, look_up = [], Event(), socket.getaddrinfo

    def hang(host: str, *args, **options) -> list:
        if host.endswith(".invalid"):
            asked.append(host)
            answer.wait(60)
        return look_up("127.0.0.1" if host == "named.example" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    for number in range(8):
        rig.add(f"http://name-{number}.invalid/", f"wh_{number}", pilot="aqua")
        waiting = [made(f"msg_{number}_{n}", f"wh_{number}") for n in range(8)]
        rig.record(*waiting, pilot="aqua")
    rig.add(receiver.url.replace("127.0.0.1", "named.example"), "wh_ben")
    rig.run()
    try:
        wait_until(lambda: len(asked) == LOOKUPS_OF_ONE, "as many names are looked up as may be")
        rig.record(made("msg_ben", "wh_ben"))
        rig.wait(lambda one: one.status is Status.DELIVERED, "wh_ben")
        assert len(asked) == LOOKUPS_OF_ONE
    finally:
        answer.set()


def test_receivers_that_hang_hold_up_their_pilot_alone(rig: Rig, receiver: Receiver) -> None:
    """Of 20 webhooks, with deliveries that nobody answers, as many are under way as one pilot may have."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as hanging:  # it takes connections, and says nothing
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        for number in range(MAX_WEBHOOKS):
            rig.add(url, f"wh_{number}", pilot="aqua")
            waiting = [made(f"msg_{number}_{n}", f"wh_{number}") for n in range(2 * AT_ONCE)]
            rig.record(*waiting, pilot="aqua")
        deliverer = rig.run()
        under_way = lambda: sum(map(len, deliverer._busy.values()))  # noqa: E731
        wait_until(lambda: under_way() == AT_ONCE_OF_PILOT, "as many are under way as may be")
        rig.add(receiver.url, "wh_ben")
        for number in range(5):
            rig.record(made(f"msg_ben_{number}", "wh_ben"))
            receiver.wait(number + 1)
        assert {one.attempts for n in range(MAX_WEBHOOKS) for one in rig.log(f"wh_{n}")} == {0}


def test_nothing_is_sent_to_whom_may_not_see_the_world(rig: Rig, receiver: Receiver) -> None:
    rig.may = False
    rig.add_with_delivery(receiver.url)
    rig.run()
    assert "may not look into the world zenata" in rig.wait(lambda one: one.attempts == 1).error
    assert receiver.requests == []


def test_a_delivery_that_was_claimed_by_one_who_died_is_made_by_another(rig: Rig, receiver: Receiver) -> None:
    rig.add_with_delivery(receiver.url)
    now = WallClock().now()
    ((_, claimed),) = rig.hooks.claim(now, now + SECOND)
    assert claimed.id == "msg_1"
    assert rig.hooks.claim(now, now + SECOND) == []
    rig.run()
    assert [request.id for request in receiver.wait(1)] == ["msg_1"]
    assert rig.wait(lambda one: one.status is Status.DELIVERED).tried >= now + SECOND


def test_a_receiver_that_says_gone_is_left_alone(rig: Rig, receiver: Receiver) -> None:
    receiver.answers = [410]
    rig.add(receiver.url)
    rig.record(made("msg_1", made=1, subject="air-1"), made("msg_2", made=2, subject="air-1"))
    rig.run()
    dropped = rig.wait(lambda one: one.status is Status.DROPPED)
    hook = rig.hooks.webhook("demo", "wh_1")
    assert not hook.enabled
    assert "410" in hook.reason
    assert dropped.error == hook.reason
    assert rig.log()[1].status is Status.FAILED
    assert len(receiver.requests) == 1


def test_stopping_cuts_an_attempt_off_and_loses_nothing(rig: Rig, receiver: Receiver) -> None:
    receiver.pause = 4.0
    rig.add_with_delivery(receiver.url)
    begin = time.monotonic()
    with rig.deliverer():
        receiver.wait(1)
    assert time.monotonic() - begin < 4.0
    assert (rig.log()[0].status, rig.log()[0].attempts) == (Status.PENDING, 0)


@given(st.floats(0, 1, exclude_max=True))
def test_pauses_grow_and_are_spread(draw: float) -> None:
    pauses = [pause_after(attempts, draw) for attempts in range(1, 12)]
    assert pauses == sorted(pauses)
    assert 0.75 * BACKOFF.first <= pauses[0] <= 1.25 * BACKOFF.first
    assert pauses[-1] <= 1.25 * BACKOFF.limit


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from([None, 302, 404, 500])), min_size=30))
def test_a_delivery_is_tried_for_about_a_day_and_then_given_up(attempts: list) -> None:
    now, one = 0, made("msg_1", made=0, due=0)
    for draw, code in attempts:
        if one.due is None:
            break
        now = one.due
        one = after_attempt(one, Answer(code=code, error="" if code else "no connection"), now, draw)
        assert one.error
    assert one.status is Status.FAILED
    assert MAX_AGE / 2 < now <= MAX_AGE
    assert 8 <= one.attempts <= 20


def test_a_receiver_may_ask_us_to_wait() -> None:
    busy = after_attempt(made("msg_1", made=0), Answer(code=429, wait=100.0), 0, 0.0)
    assert busy.due == 100 * SECOND
    longest = after_attempt(made("msg_1", made=0), Answer(code=429, wait=1e9), 0, 0.0)
    assert longest.due == BACKOFF.limit * SECOND


def test_a_webhook_that_fails_for_days_is_switched_off() -> None:
    bad = Answer(code=500)
    assert why_disable(HOOK, bad, DISABLE_AFTER) == ""
    assert why_disable(replace(HOOK, failing=0), bad, DISABLE_AFTER) == ""
    assert "3 days" in why_disable(replace(HOOK, failing=0), bad, DISABLE_AFTER + 1)
    assert why_disable(replace(HOOK, failing=0), Answer(code=200), DISABLE_AFTER + 1) == ""


def test_nothing_is_asked_of_the_database_while_nothing_waits(rig: Rig, monkeypatch) -> None:
    calls: list[int] = []
    claim = rig.hooks.claim
    monkeypatch.setattr(rig.hooks, "claim", lambda *args: (calls.append(1), claim(*args))[1])
    rig.run()
    time.sleep(1.5)
    assert len(calls) == 1


def test_what_is_claimed_beside_is_not_what_ends_meanwhile(
    rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, may, claim = [], Event(), rig.hooks.claim

    def claim_and_note(now: int, until: int, busy: dict) -> list:
        given.append(busy)
        return claim(now, until, busy)

    monkeypatch.setattr(rig.hooks, "claim", claim_and_note)
    rig.add_with_delivery(receiver.url)
    deliverer = rig.run(may=lambda *_: may.wait(60))
    try:
        wait_until(lambda: deliverer.wake() or any(given), "a look while a delivery is under way")
    finally:
        may.set()
    rig.wait(lambda one: one.status is Status.DELIVERED)
    looks = len(given)
    wait_until(lambda: deliverer.wake() or len(given) > looks, "a look after it")
    assert {"wh_1": {"msg_1"}} in given


def test_a_look_that_fails_ends_no_deliveries(rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FAILED", Backoff(first=0.01, limit=0.01))
    failures, claim = [RuntimeError("first"), RuntimeError("second")], rig.hooks.claim

    def fail_first(now: int, until: int, busy: dict) -> list:
        if failures:
            raise failures.pop()
        return claim(now, until, busy)

    monkeypatch.setattr(rig.hooks, "claim", fail_first)
    rig.add_with_delivery(receiver.url)
    rig.run()
    rig.wait(lambda one: one.status is Status.DELIVERED)
