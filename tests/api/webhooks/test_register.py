"""Webhooks and deliveries in both databases."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from api.webhooks.register import Webhooks
from api.webhooks.webhook import (
    AT_ONCE,
    AT_ONCE_OF_PILOT,
    MAX_DROPPED,
    MAX_WAITING,
    MAX_WEBHOOKS,
    Delivery,
    Phase,
    State,
    Status,
    Webhook,
    WebhookError,
)
from tests.api.webhooks.rig import HOOK
from zenata.control.audit import WEBHOOK_DROPPED, Audit
from zenata.control.register import Register

NOW = 10**15
LATER = NOW + 60_000_000
FIRING = State(phase=Phase.FIRING, since=NOW, time=NOW + 1, about='{"type":"leak"}')


def hook(number: int = 0, pilot: str = "aqua") -> Webhook:
    return replace(HOOK, id=f"wh-{number:08}", pilot=pilot, name="Fuite d'eau / تسرب", made=NOW + number, begun=NOW)


def delivery(number: int, webhook: str = "wh-00000000", made: int | None = None) -> Delivery:
    made = NOW + number if made is None else made
    return Delivery(
        id=f"msg_{number:032x}", webhook=webhook, type="test", made=made, body="{}", due=NOW, subject="air-0001"
    )


def at_once(act: Callable[[int], object]) -> None:
    """Do something in four threads that begin together."""
    begin = threading.Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: (begin.wait(), act(number)), range(4)))


def refusal(act) -> str:
    with pytest.raises(WebhookError) as error:
        act()
    return error.value.reason


@pytest.fixture
def webhooks(engine: Engine) -> Webhooks:
    register = Register(engine)
    for name in ("aqua", "ben"):
        register.add(name, by="root")
    webhooks = Webhooks(engine)
    webhooks.add(hook())
    return webhooks


def test_a_webhook_is_stored_as_it_was_made(webhooks: Webhooks) -> None:
    webhooks.add(hook(2, "ben"))
    webhooks.add(hook(1))
    assert webhooks.webhook("aqua", hook().id) == hook()
    assert webhooks.webhooks() == [hook(), hook(1), hook(2, "ben")]
    assert webhooks.webhooks("aqua") == [hook(), hook(1)]


def test_a_webhook_is_its_pilots_alone(webhooks: Webhooks) -> None:
    id_ = hook().id
    webhooks.record(hook(), {}, [delivery(1)])
    for pilot, name in (("ben", id_), ("aqua", "wh-nothing"), ("nobody", id_)):
        assert refusal(lambda pilot=pilot, name=name: webhooks.webhook(pilot, name)) == "unknown"
        assert refusal(lambda pilot=pilot, name=name: webhooks.change(pilot, name, url="http://x/")) == "unknown"
        assert refusal(lambda pilot=pilot, name=name: webhooks.remove(pilot, name)) == "unknown"
        assert refusal(lambda pilot=pilot, name=name: webhooks.retry(pilot, name, delivery(1).id, NOW)) == "unknown"
    webhooks.add(hook(1, "ben"))
    assert refusal(lambda: webhooks.retry("ben", hook(1).id, delivery(1).id, NOW)) == "delivery"
    assert webhooks.webhook("aqua", id_) == hook()


def test_a_pilot_has_so_many_and_others_still_may(webhooks: Webhooks) -> None:
    for number in range(1, MAX_WEBHOOKS):
        webhooks.add(hook(number))
    assert refusal(lambda: webhooks.add(hook(99))) == "limit"
    webhooks.add(hook(100, "ben"))
    webhooks.remove("aqua", hook(1).id)
    webhooks.add(hook(99))


def test_of_two_that_add_the_last_at_once_one_is_refused(webhooks: Webhooks) -> None:
    for number in range(1, MAX_WEBHOOKS - 1):
        webhooks.add(hook(number))
    refused: list[str] = []

    def add(number: int) -> None:
        try:
            webhooks.add(hook(100 + number))
        except WebhookError as error:
            refused.append(error.reason)

    at_once(add)
    assert refused == ["limit"] * 3
    assert len(webhooks.webhooks("aqua")) == MAX_WEBHOOKS


def test_every_change_raises_the_revision(webhooks: Webhooks) -> None:
    numbers = [webhooks.revision()]
    for act in (
        lambda: webhooks.add(hook(1)),
        lambda: webhooks.change("aqua", hook(1).id, url="https://example.org/b"),
        lambda: webhooks.remove("aqua", hook(1).id),
        lambda: webhooks.attempted(delivery(1), disable="it fails"),
    ):
        act()
        numbers.append(webhooks.revision())
    assert numbers == sorted(set(numbers))


def test_a_condition_that_is_started_again_forgets_how_it_was(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {"air-0001 pm25": FIRING})
    webhooks.mark({hook().id: (hook().begun, NOW + 5)})
    assert webhooks.states(hook().id) == {"air-0001 pm25": FIRING}
    assert webhooks.change("aqua", hook().id, name="b") == replace(hook(), name="b", seen=NOW + 5)
    assert webhooks.states(hook().id) == {"air-0001 pm25": FIRING}
    anew = webhooks.change("aqua", hook().id, condition={"type": "silence"}, restart=LATER)
    assert (anew.begun, anew.seen, anew.condition) == (LATER, None, {"type": "silence"})
    assert webhooks.states(hook().id) == {}
    webhooks.mark({hook().id: (hook().begun, NOW + 9)})  # by who has not heard of it yet
    assert webhooks.webhook("aqua", hook().id).seen is None


def test_what_is_recorded_twice_is_there_once(webhooks: Webhooks) -> None:
    assert webhooks.record(hook(), {"a": State()}, [delivery(1), delivery(1), delivery(2)]) == 2
    assert webhooks.record(hook(), {"a": FIRING}, [delivery(2), delivery(3)]) == 1
    assert webhooks.states(hook().id) == {"a": FIRING}
    assert [one.id for one in webhooks.deliveries(hook().id)] == [delivery(number).id for number in (3, 2, 1)]


def test_a_webhook_that_is_gone_off_or_started_again_takes_nothing(webhooks: Webhooks) -> None:
    before = webhooks.webhook("aqua", hook().id)
    webhooks.record(hook(), {"a": FIRING}, [delivery(0)])
    webhooks.change("aqua", before.id, restart=LATER)
    assert webhooks.record(before, {"a": FIRING}, [delivery(1)]) == 0
    now = webhooks.change("aqua", before.id, enabled=False)
    assert webhooks.record(now, {"a": FIRING}, [delivery(1)]) == 0
    webhooks.remove("aqua", before.id)
    assert webhooks.record(now, {"a": FIRING}, [delivery(1)]) == 0
    assert (webhooks.states(before.id), webhooks.deliveries(before.id), webhooks.claim(LATER, LATER)) == ({}, [], [])


def test_what_waits_is_bounded_and_the_rest_is_logged_as_dropped(webhooks: Webhooks, engine: Engine) -> None:
    """Each is counted in the audit log."""
    assert webhooks.record(hook(), {}, [delivery(number) for number in range(MAX_WAITING + 2)]) == MAX_WAITING + 2
    newest = webhooks.deliveries(hook().id, limit=3)
    assert [one.status for one in newest] == [Status.DROPPED, Status.DROPPED, Status.PENDING]
    assert (newest[0].due, "wait already" in newest[0].error) == (None, True)
    webhooks.record(hook(), {}, [delivery(number) for number in range(MAX_WAITING, MAX_WAITING + 5)])
    for _ in range(2):
        webhooks.note_dropped(NOW)
    (entry,) = Audit(engine).entries(what=(WEBHOOK_DROPPED,))
    assert (entry.who, entry.target, entry.detail["deliveries"]) == ("aqua", hook().id, 5)


def test_a_claim_is_of_one_and_ends(webhooks: Webhooks) -> None:
    webhooks.add(hook(1))
    webhooks.record(hook(), {}, [delivery(1), delivery(2)])
    webhooks.record(hook(1), {}, [delivery(3, hook(1).id)])
    claimed = webhooks.claim(NOW, LATER)
    assert [(one.id, taken.id) for one, taken in claimed] == [
        (hook().id, delivery(1).id),
        (hook(1).id, delivery(3).id),
    ]
    assert webhooks.claim(NOW, LATER) == []  # what came later waits for what is under way, or to be repeated
    assert webhooks.claim(NOW - 1, LATER) == []
    assert [taken.id for _, taken in webhooks.claim(LATER, LATER + 1, busy={hook().id: range(AT_ONCE)})] == [
        delivery(3).id
    ]
    assert [taken.id for _, taken in webhooks.claim(LATER, LATER + 1)] == [delivery(1).id]
    webhooks.attempted(replace(delivery(1), status=Status.DELIVERED, due=None))
    assert [taken.id for _, taken in webhooks.claim(LATER, LATER + 1, busy={hook(1).id: range(AT_ONCE)})] == [
        delivery(2).id
    ]


def test_of_many_that_claim_at_once_one_gets_it(webhooks: Webhooks, engine: Engine) -> None:
    webhooks.record(hook(), {}, [delivery(1)])
    taken: list[tuple[Webhook, Delivery]] = []
    at_once(lambda _: taken.extend(Webhooks(engine).claim(NOW, LATER)))
    assert [one.id for _, one in taken] == [delivery(1).id]


def test_what_became_of_an_attempt_is_stored(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [delivery(1), delivery(2)])
    failed = replace(delivery(1), attempts=1, due=LATER, tried=NOW + 9, took=0.25, code=500, error="it says 500")
    webhooks.attempted(failed)
    assert webhooks.deliveries(hook().id)[1] == failed
    assert webhooks.webhook("aqua", hook().id).failing == NOW + 9
    webhooks.attempted(replace(failed, attempts=2, tried=NOW + 10))
    assert webhooks.webhook("aqua", hook().id).failing == NOW + 9
    arrived = replace(failed, status=Status.DELIVERED, attempts=3, due=None, code=204, error="")
    webhooks.attempted(arrived)
    assert webhooks.deliveries(hook().id)[1] == arrived
    assert webhooks.webhook("aqua", hook().id).failing is None
    webhooks.attempted(replace(arrived, attempts=9))
    assert webhooks.deliveries(hook().id)[1] == arrived


def test_switching_off_drops_what_waits_and_says_why(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [delivery(1), delivery(2)])
    webhooks.attempted(replace(delivery(1), attempts=1, tried=NOW, due=LATER, error="gone"), disable="it says gone")
    off = webhooks.webhook("aqua", hook().id)
    assert (off.enabled, off.reason) == (False, "it says gone")
    found = webhooks.deliveries(hook().id)
    assert {(one.status, one.due, one.error) for one in found} == {(Status.DROPPED, None, "it says gone")}
    assert refusal(lambda: webhooks.retry("aqua", hook().id, delivery(1).id, NOW)) == "off"
    webhooks.change("aqua", hook().id, enabled=True, reason="")
    again = webhooks.retry("aqua", hook().id, delivery(1).id, LATER)
    assert (again.status, again.due) == (Status.PENDING, LATER)
    assert [one.id for _, one in webhooks.claim(LATER, LATER)] == [again.id]


def test_deliveries_come_in_pages_though_many_are_of_one_moment(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [delivery(number, made=NOW + number // 4) for number in range(11)])
    pages, before = [], None
    while page := webhooks.deliveries(hook().id, before=before, limit=3):
        pages.append([one.id for one in page])
        before = (page[-1].made, page[-1].id)
    assert [len(page) for page in pages] == [3, 3, 3, 2]
    assert list(itertools.chain(*pages)) == [delivery(number).id for number in reversed(range(11))]


def test_tidying_removes_what_is_old_and_waits_no_longer(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [delivery(number) for number in range(4)])
    for number in (0, 3):
        webhooks.attempted(replace(delivery(number), status=Status.FAILED, due=None, tried=NOW, error="no"))
    webhooks.tidy(NOW + 2)
    assert [one.id for one in webhooks.deliveries(hook().id)] == [delivery(number).id for number in (3, 2, 1)]


def test_of_each_webhook_the_newest_are_remembered_and_all_that_wait(
    webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.webhooks.register.MAX_LOGGED", 3)
    webhooks.record(hook(), {}, [delivery(number) for number in range(8)])
    for number in range(1, 8):
        webhooks.attempted(replace(delivery(number), status=Status.DELIVERED, due=None, tried=NOW, code=204))
    webhooks.tidy(NOW - 1)
    assert [one.id for one in webhooks.deliveries(hook().id)] == [delivery(number).id for number in (7, 6, 5, 0)]
    webhooks.tidy(NOW - 1)
    assert len(webhooks.deliveries(hook().id)) == 4


def about(number: int, subject: str) -> Delivery:
    return replace(delivery(number), subject=subject)


def test_a_delivery_that_fails_holds_up_those_of_its_subject_alone(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [about(1, "air-1"), about(2, "air-1"), about(3, "air-2"), about(4, ""), about(5, "")])
    assert [one.id for _, one in webhooks.claim(NOW + 9, LATER)] == [delivery(n).id for n in (1, 3, 4, 5)]
    webhooks.attempted(replace(about(1, "air-1"), attempts=1, due=LATER, error="no answer"))
    webhooks.attempted(replace(about(3, "air-2"), status=Status.DELIVERED, due=None))
    assert webhooks.claim(NOW + 10, LATER) == []
    again = webhooks.retry("aqua", hook().id, delivery(2).id, NOW)  # whoever asks for it by hand does not wait
    assert [one.id for _, one in webhooks.claim(NOW + 11, LATER)] == [again.id]
    assert next(one.id for _, one in webhooks.claim(LATER, LATER + 1)) == delivery(1).id


def test_when_to_look_again_is_known_without_looking(webhooks: Webhooks) -> None:
    assert webhooks.next_due(NOW) is None
    webhooks.record(hook(), {}, [replace(about(1, "air-1"), due=LATER), about(2, "air-1")])
    assert webhooks.next_due(NOW) == LATER  # the second waits for the first
    assert webhooks.next_due(LATER) is None


def test_so_many_are_under_way_at_once(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [about(number, "") for number in range(3 * AT_ONCE)])
    first = [one.id for _, one in webhooks.claim(NOW, LATER)]
    assert len(first) == AT_ONCE
    assert len(webhooks.claim(NOW, LATER, busy={hook().id: first[1:]})) == 1


def test_dropped_deliveries_are_bounded_and_the_newest_stay(webhooks: Webhooks) -> None:
    webhooks.record(hook(), {}, [about(number, "air-1") for number in range(MAX_WAITING)])
    for begin in range(0, 3 * MAX_DROPPED, MAX_DROPPED // 2):
        webhooks.record(hook(), {}, [about(MAX_WAITING + begin + n, "air-1") for n in range(MAX_DROPPED // 2)])
    log = webhooks.deliveries(hook().id, limit=10_000)
    assert sum(one.status is Status.DROPPED for one in log) == MAX_DROPPED
    assert sum(one.status is Status.PENDING for one in log) == MAX_WAITING
    assert log[0].id == delivery(MAX_WAITING + 3 * MAX_DROPPED - 1).id


def test_whoever_delivers_learns_what_is_pending(webhooks: Webhooks) -> None:
    calls: list[int] = []
    webhooks.on_pending = lambda: calls.append(1)
    webhooks.record(hook(), {"air-1": FIRING}, [])
    assert calls == []
    webhooks.record(hook(), {}, [delivery(1)])
    webhooks.record(hook(), {}, [delivery(1)])
    webhooks.retry("aqua", hook().id, delivery(1).id, NOW)
    assert len(calls) == 2


def test_a_pilot_has_so_many_under_way_at_once_those_that_wait_longest_first(webhooks: Webhooks) -> None:
    """The end of each is written by few threads: 160 of one pilot made those of others seconds late."""
    few = AT_ONCE_OF_PILOT // AT_ONCE
    for number in range(1, few + 3):
        webhooks.add(hook(number))
        mine = [replace(delivery(100 * number + n, f"wh-{number:08}"), subject="") for n in range(AT_ONCE)]
        webhooks.record(hook(number), {}, [replace(one, due=NOW - number) for one in mine])
    webhooks.add(hook(90, "ben"))
    webhooks.record(hook(90, "ben"), {}, [delivery(1, "wh-00000090")])
    claimed = [one for _, one in webhooks.claim(NOW, LATER)]
    assert [one.webhook for one in claimed].count("wh-00000090") == 1
    assert len(claimed) == AT_ONCE_OF_PILOT + 1
    assert {one.webhook for one in claimed} == {f"wh-{number:08}" for number in (*range(3, few + 3), 90)}
    busy = {id_: [one.id for one in claimed if one.webhook == id_] for id_ in {one.webhook for one in claimed}}
    assert webhooks.claim(NOW, LATER, busy) == []
    del busy["wh-00000003"]
    assert len(webhooks.claim(NOW, LATER, busy)) == AT_ONCE
