"""Usage of the broker by pilot, second by second."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import broker_guard
from sandbox.broker_guard import CUT_OFF, SLOW, BrokerGuard
from sandbox.broker_sessions import MAX_SESSIONS, MAX_SUBSCRIPTIONS, PilotSessions
from sandbox.broker_usage import BURST, EXCUSED_AT_START, MAX_FILTERS, MAX_WAITING, SUBSCRIBES_PER_SECOND, UsageWatch
from zenata.broker.monitor import Connection, Consumer
from zenata.broker.protocol import session_name
from zenata.city.sentences import recognise
from zenata.control.audit import AuditEntry
from zenata.wire.address import Address

RATES = {"aqua": 100.0, "volt": 100.0}
OPEN, ENDED = {("a", 1): 5}, {("a", 2): 6, ("a", 1): 7}
"""What the kernel says."""


def connection(number: int, messages: int = 0, size: int = 0, *, is_open: bool = True) -> Connection:
    return Connection(
        number=number, user="", client=f"c{number}", address="", since=0, messages=messages, size=size, is_open=is_open
    )


def begun(watch: UsageWatch) -> UsageWatch:
    """Return a watch for which the time is over in which it excuses that we have just started."""
    watch.check([], RATES, -EXCUSED_AT_START)
    for second in range(-int(EXCUSED_AT_START) + 1, 1):
        watch.check([], RATES, float(second))
    return watch


def cut_off(per_second: int, size: int = 100, seconds: int = 30) -> int | None:
    """Return after how many seconds a pilot is cut off that sends so much each second."""
    watch = begun(UsageWatch(10))
    for second in range(1, seconds):
        sent = [
            ("aqua", connection(1, per_second * second, size * per_second * second)),
            ("volt", connection(2, second)),
        ]
        reasons, _ = watch.check(sent, RATES, float(second))
        assert "volt" not in reasons
        if reasons:
            return second
    return None


def test_twice_the_quota_is_tolerated_and_more_is_not() -> None:
    assert cut_off(200) is None
    assert cut_off(5000) == 3


def test_bytes_count_too() -> None:
    assert cut_off(100, size=8000) is None
    assert cut_off(100, size=200_000) == 3


def heard(received: int, messages: int = 0, size: int = 0, client: str = "c", **more: Any) -> tuple[str, Connection]:
    return "aqua", replace(connection(1, messages, size, **more), received=received, client=client)


def test_what_is_beside_payloads_counts_also_soon_after_the_start() -> None:
    watch = UsageWatch(10)
    sent = [heard(60_000 * 140 * second, 140 * second) for second in range(10)]
    found = [watch.check([one], RATES, float(second))[0] for second, one in enumerate(sent)]
    assert [bool(one) for one in found[:6]] == [False, False, False, False, True, False]
    assert "bytes beside payloads" in found[4]["aqua"]


def test_topics_of_messages_and_what_the_kernel_does_not_know_are_not_beside_payloads() -> None:
    watch = begun(UsageWatch(10))
    for second in range(1, 30):
        size = 15_000 * 100 * second
        for received in (size + 200 * 100 * second, 0):
            assert watch.check([heard(received, 100 * second, size)], RATES, second) == ({}, [])


def test_connections_that_end_between_two_looks_count_once() -> None:
    watch = begun(UsageWatch(10))
    assert watch.check([heard(9_000_000, is_open=False)], RATES, 1.0) == ({}, [])
    for second in range(2, 10):
        assert watch.check([heard(0, is_open=False)], RATES, float(second)) == ({}, [])
    assert "beside payloads" in str([watch.check([heard(n * 9_000_000)], RATES, 10.0 + n) for n in range(5)]), (
        "and an open one each second"
    )


def test_a_long_client_id_is_cut_off_once() -> None:
    watch = begun(UsageWatch(10))
    reasons, _ = watch.check([heard(0, client="x" * 60_000)], RATES, 1.0)
    assert reasons["aqua"] == "60000 characters of a client id, where 256 are allowed"
    assert watch.check([heard(0, client="x" * 60_000, is_open=False)], RATES, 2.0) == ({}, [])
    assert watch.check([heard(0, client="x" * 256)], RATES, 3.0) == ({}, [])


def codes(found: Sequence[dict[str, str]]) -> set[str]:
    """Return the sentences that are reasons; each of them must be known."""
    known = [recognise(text) for reasons in found for text in reasons.values()]
    return {one[0] if one else "" for one in known}


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("too-many-messages", {"messages": 10**5}),
        ("too-many-bytes", {"size": 10**8}),
        ("too-many-beside", {"received": 10**8}),
        ("subscriptions", {"subscriptions": MAX_FILTERS + 1}),
        ("client-id-length", {"client": "x" * 257}),
    ],
)
def test_reasons_are_known_in_every_language(code: str, more: dict[str, Any]) -> None:
    watch, one = begun(UsageWatch(10)), connection(1)
    grown = [
        {name: value * n if isinstance(value, int) else value for name, value in more.items()} for n in range(1, 6)
    ]
    found = [watch.check([("aqua", replace(one, **now))], RATES, 1.0 + n)[0] for n, now in enumerate(grown)]
    assert codes(found) == {code}


@pytest.mark.parametrize(
    ("code", "consumers"),
    [("too-many-subscriptions", MAX_SUBSCRIPTIONS), ("subscriptions-qos-1", MAX_SUBSCRIPTIONS + 1)],
)
def test_reasons_of_subscriptions_are_known_in_every_language(code: str, consumers: int) -> None:
    watch = begun(UsageWatch(10))
    held = [{"aqua": [consumer(10**4 * second + one) for one in range(consumers)]} for second in range(6)]
    found = [watch.check([], RATES, 1.0 + second, one)[0] for second, one in enumerate(held)]
    assert code in codes(found)


def test_the_reason_of_too_many_connects_is_known_in_every_language() -> None:
    watch = begun(UsageWatch(100))
    found = [
        watch.check(
            [("aqua", connection(n, is_open=False)) for n in range(500 * second, 500 * (second + 1))], RATES, second
        )[0]
        for second in range(1, 6)
    ]
    assert codes(found) == {"too-many-connects"}


def test_a_gateway_that_was_away_sends_what_it_stored() -> None:
    watch = UsageWatch(10)
    watch.check([("aqua", connection(1))], RATES, 0.0)
    allowance = int(BURST * RATES["aqua"])
    for second in range(1, 20):
        assert watch.check([("aqua", connection(1, allowance + 100 * second, 0))], RATES, float(second)) == ({}, [])


@pytest.mark.parametrize("is_open", [True, False])
def test_whoever_connects_again_for_each_message_is_seen(is_open: bool) -> None:
    watch, found = begun(UsageWatch(10)), []
    for second in range(1, 10):
        new = [("aqua", connection(1000 * second + number, 50, is_open=is_open)) for number in range(100)]
        found.append(watch.check(new, RATES, float(second))[0])
    assert any("aqua" in reasons for reasons in found[:4])


def test_connections_beyond_the_limit_are_closed_newest_first_and_many_more_cut_off() -> None:
    watch = UsageWatch(10)
    watch.check([], RATES, 0.0)
    some = [("aqua", connection(number)) for number in range(12)] + [("volt", connection(100))]
    assert watch.check(some, RATES, 1.0) == ({}, [10, 11])
    many = [("aqua", connection(number)) for number in range(25)]
    reasons, _ = watch.check(many, RATES, 2.0)
    assert "25 connections at once, where 10 are allowed" in reasons["aqua"]


def test_nobody_is_blamed_for_what_came_before_we_looked() -> None:
    watch = UsageWatch(10)
    assert watch.check([("aqua", connection(1, 10**9, 10**12))], RATES, 0.0) == ({}, [])
    assert watch.check([("aqua", connection(1, 10**9 + 10, 10**12))], RATES, 1.0) == ({}, [])


@pytest.mark.parametrize("outage", [0, 60, 3000])
def test_a_backlog_of_an_outage_of_ours_is_no_fault_of_its_sender(outage: int) -> None:
    """The broker was away; then all comes at once, and goes on at the full rate. The outage excuses no more than that."""
    watch = begun(UsageWatch(10))
    watch.check([("aqua", connection(1))], RATES, 1.0)
    allowance = int(outage * RATES["aqua"])
    for second in range(1, 30):
        now = float(outage + 1 + second)
        assert watch.check([("aqua", connection(2, allowance + 100 * second, 0))], RATES, now) == ({}, [])
    flood = [watch.check([("aqua", connection(2, allowance + 10**6 * n))], RATES, now + n)[0] for n in range(1, 6)]
    assert any(flood)


def test_a_backlog_that_comes_soon_after_we_have_started_is_no_fault_either() -> None:
    watch = UsageWatch(10)
    watch.check([], RATES, 0.0)
    for second in range(1, 30):
        assert watch.check([("aqua", connection(1, 50_000 + 100 * second))], RATES, float(second)) == ({}, [])


def guard(monitor: dict[str, Any], file: Path, noted: list[AuditEntry], **keeper: Any) -> BrokerGuard:
    """Return a guard of a broker that is made up."""
    nothing = {"stored": lambda: None, "consumers": list, "kick": lambda _: None, "slow_readers": list}
    return BrokerGuard(
        monitor=SimpleNamespace(**nothing | monitor),
        keeper=SimpleNamespace(**{"sessions": set} | keeper),
        failures=SimpleNamespace(refusals=deque()),
        losses=SimpleNamespace(look=lambda _: 0),
        register=SimpleNamespace(
            users=lambda: [SimpleNamespace(name=f"{name}_k", pilot=name) for name in RATES],
            quotas=lambda pilot: SimpleNamespace(messages_per_second=RATES[pilot]),
        ),
        audit=SimpleNamespace(record=noted.append),
        connections=MAX_SUBSCRIPTIONS,
        sweeper=Address(host="127.0.0.1", port=1),
        owners=dict,
        sessions=file,
        received=SimpleNamespace(open=lambda: OPEN, ended=lambda: ENDED),
    )


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found = [0.0]
    monkeypatch.setattr(broker_guard, "time", SimpleNamespace(monotonic=lambda: found[0]))
    return found


def test_what_the_kernel_says_goes_to_the_connections_that_it_is_of(tmp_path: Path) -> None:
    there = [replace(connection(n), address="a", port=n % 3, is_open=n < 3) for n in range(1, 6)]
    watch = guard({"connections": lambda *, closed: there}, tmp_path / "sessions", [])
    assert [one.received for one in watch._traffic()] == [5, 0, 0, 7, 6]


def test_whoever_floods_is_kept_out_for_a_minute_and_its_connections_are_closed(now: list[float], tmp_path) -> None:
    noted, closed = [], set()

    def connections(*, closed: bool) -> list[Connection]:
        flood = replace(connection(1, int(10_000 * now[0])), user="aqua_k")
        return [flood, replace(connection(2, int(now[0])), user="volt_k")]

    watch = guard({"connections": connections, "kick": closed.update}, tmp_path / "sessions", noted)
    for second in range(int(EXCUSED_AT_START) + 10):
        now[0] = float(second)
        watch._check()
    assert (watch.excluded, closed) == ({"aqua"}, {1})
    assert {(entry.who, entry.what) for entry in noted} == {("aqua", "broker.cut-off")}
    now[0] += CUT_OFF - 1
    assert watch.excluded == {"aqua"}
    now[0] += 1
    assert watch.excluded == frozenset()


def consumer(number: int, session: str = "", *, is_taken: bool = True) -> Consumer:
    return Consumer(name=f"{session}_{number}", session=session, filter="zenata.>", is_taken=is_taken)


def test_whoever_subscribes_again_and_again_at_qos_1_is_cut_off_and_nobody_else() -> None:
    watch, rate = begun(UsageWatch(10)), int(SUBSCRIBES_PER_SECOND)
    for second in range(1, 120):
        volt = [consumer(number) for number in range(rate * second, rate * (second + 1))]
        aqua = [consumer(number, "a") for number in range(MAX_SUBSCRIPTIONS)]
        assert watch.check([], RATES, float(second), {"aqua": aqua, "volt": volt}) == ({}, [])
    found: list[dict[str, str]] = []
    for second in range(120, 130):
        fast = [consumer(number) for number in range(1000 * second, 1000 * second + MAX_SUBSCRIPTIONS)]
        found.append(watch.check([], RATES, float(second), {"aqua": aqua, "volt": fast})[0])
    assert {pilot for one in found for pilot in one} == {"volt"}


@pytest.mark.parametrize("is_restarted", [False, True])
def test_whoever_has_too_many_subscriptions_loses_its_oldest_sessions(now: list[float], tmp_path, is_restarted) -> None:
    noted, ended = [], []
    clients = [replace(connection(number), user="aqua_k") for number in range(MAX_SUBSCRIPTIONS + 2)]
    volt = replace(connection(9999), user="volt_k")
    consumers = [consumer(one.number, session_name(one.client)) for one in (*clients, volt)]
    seen = [volt, *clients]

    def forget(gone: list[Consumer], session: str) -> None:
        ended.append(session)
        for one in gone:
            consumers.remove(one)

    monitor = {"connections": lambda closed: seen, "consumers": lambda: list(consumers)}
    watch = guard(monitor, tmp_path / "sessions", noted, forget=forget)
    now[0] = 10.0
    watch._check()
    assert ended == []  # their clients are there
    seen = [volt]  # the others are away, and have left their sessions
    consumers[:-1] = [replace(one, is_taken=False) for one in consumers[:-1]]
    if is_restarted:
        watch = guard(monitor, tmp_path / "sessions", noted, forget=forget)
        watch._check()
    else:
        now[0] = 11.0
        watch._check()
        assert watch.excluded == {"aqua"}
        assert "subscriptions at QoS 1" in noted[-1].detail["reason"]
    assert ended == [session_name(one.client) for one in clients[:2]]


def test_whoever_leaves_too_many_sessions_without_subscriptions_loses_the_oldest(now: list[float], tmp_path) -> None:
    noted, ended = [], []
    clients = [replace(connection(number, is_open=number < 2), user="aqua_k") for number in range(MAX_SESSIONS + 3)]
    records = {session_name(one.client) for one in clients}

    def forget(_: Sequence[Consumer], session: str) -> None:
        ended.append(session)
        records.remove(session)

    monitor = {"connections": lambda closed: clients if now[0] else []}
    watch = guard(monitor, tmp_path / "sessions", noted, forget=forget, sessions=lambda: set(records))
    for now[0] in (0.0, 10.0, 20.0):
        watch._check()
    assert watch.excluded == {"aqua"}
    assert f"{MAX_SESSIONS} are allowed" in noted[0].detail["reason"]
    assert ended == [session_name(one.client) for one in clients[2:5]]  # two of the oldest are connected


def test_whose_sessions_were_is_not_known_from_a_damaged_file_and_nobody_is_stopped(tmp_path) -> None:
    for content in (b"", b"junk", b"[1]", b"\xff", b'{"a": 1}'):
        (tmp_path / "sessions").write_bytes(content)
        sessions = PilotSessions(tmp_path / "sessions")
        assert sessions.of({"a"}) == {}
        sessions.see([("aqua", connection(1))])
        sessions.keep({session_name("c1")})
        assert PilotSessions(tmp_path / "sessions").of({session_name("c1")}) == {"aqua": [session_name("c1")]}


def test_a_pilot_whose_clients_do_not_read_loses_those_for_whom_most_waits_and_is_told_once(tmp_path) -> None:
    noted, closed, most = [], set(), MAX_WAITING // 4
    deaf = [replace(connection(number), user="aqua_k", waiting=most + number) for number in range(6)]
    others = [replace(connection(number), user=f"{user}_k", waiting=MAX_WAITING) for number, user in [(8, "volt")]]
    service = replace(connection(9), user="ingest", waiting=64 * 2**20)  # ours, which may take its time
    monitor = {
        "connections": lambda closed: [],
        "kick": closed.update,
        "slow_readers": lambda: [service, *others, *deaf],
    }
    watch = guard(monitor, tmp_path / "sessions", noted)
    watch._check()
    watch._end_slow_readers()
    watch._end_slow_readers()
    assert closed == {3, 4, 5}
    assert [(entry.who, entry.target, entry.detail["reason"]) for entry in noted] == [("aqua", "c5", SLOW)]


def test_subscriptions_count_at_any_qos_and_each_connection_may_have_left_a_retained_will() -> None:
    watch = UsageWatch(10)
    some = [
        (name, replace(connection(number), subscriptions=subscriptions))
        for number, (name, subscriptions) in enumerate([("aqua", 15_000), ("aqua", 15_000), ("volt", 15_000)])
    ]
    watch.check([], RATES, 0.0)
    reasons, _ = watch.check(some, RATES, 1.0)
    assert reasons == {"aqua": "30000 subscriptions, where 20000 are allowed"}
    assert watch.sent == {"aqua": 2, "volt": 1}
