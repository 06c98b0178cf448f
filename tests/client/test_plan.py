"""Plans without a socket: what is sent, and again, and when not."""

import httpx
import pytest

from zenata_client import ProblemError
from zenata_client.contract.base import Page
from zenata_client.parameters import query
from zenata_client.plan import PATIENCE, Give, Pause, Send, ask, collect, items, route

GET = Send(method="GET", path="/v1/city")
POST = Send(method="POST", path="/v1/commands", repeatable=False)


def answer(status, wait=None, **members):
    headers = {"content-type": "application/problem+json"} | ({"retry-after": wait} if wait else {})
    return httpx.Response(status, headers=headers, json={"type": "/problems/x", "title": "X", "detail": "x", **members})


def carried_out(plan, *answers):
    """Answer what a plan sends; return its result and how long it waited each time."""
    answers, waits, outcome = iter(answers), [], None
    while True:
        try:
            step = plan.send(outcome)
        except StopIteration as end:
            assert next(answers, None) is None, "it asked less often"
            return end.value, waits
        outcome = None if isinstance(step, Pause) else next(answers)
        waits += [step.seconds] if isinstance(step, Pause) else []


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_it_is_reported(status):
    response, waits = carried_out(ask(GET), answer(status, "3"), answer(status, "1"), httpx.Response(200))
    assert (response.status_code, waits) == (200, [3, 1])


def test_untold_it_waits_twice_as_long_each_time():
    _, waits = carried_out(ask(GET), *[answer(503)] * 4, httpx.Response(200))
    assert waits == [0.5, 1, 2, 4]


def refused(plan, wait):
    """Answer what a plan sends with 503 until it gives up; return how long it waited each time, and its problem."""
    waits, outcome = [], None
    try:
        while True:
            step = plan.send(outcome)
            outcome = None if isinstance(step, Pause) else answer(503, wait)
            waits += [step.seconds] if isinstance(step, Pause) else []
    except ProblemError as problem:
        return waits, problem


@pytest.mark.parametrize("wait", [None, "5", "31", "86400"])
def test_it_never_waits_longer_than_its_patience(wait):
    waits, problem = refused(ask(GET), wait)
    assert sum(waits) <= PATIENCE < sum(waits) + (problem.retry_after or 2 * max(waits))


def test_what_may_have_been_done_is_not_done_twice():
    with pytest.raises(ProblemError):
        carried_out(ask(POST), answer(503))


def test_what_was_refused_for_a_quota_is_sent_again():
    response, waits = carried_out(ask(POST), answer(429, "2"), httpx.Response(200))
    assert (response.status_code, waits) == (200, [2])


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_other_problems_are_reported_at_once(status):
    with pytest.raises(ProblemError) as refused:
        carried_out(ask(GET), answer(status, "1", allowed=["a"]))
    assert (refused.value.status, refused.value.members) == (status, {"allowed": ["a"]})


def test_an_answer_that_is_no_problem_document_is_reported_in_its_own_words():
    with pytest.raises(ProblemError, match="upstream is away") as refused:
        carried_out(ask(GET), httpx.Response(502, text="upstream is away"))
    assert (refused.value.status, refused.value.type) == (502, "about:blank")


def test_cursors_are_followed():
    def page(items, following):
        return httpx.Response(200, json={"items": items, "next": following})

    flow = items(Page[int], "/v1/x", {"kind": ["a", "b"], "limit": 2})
    assert next(flow).params == {"kind": "a,b", "limit": "2"}
    assert [flow.send(page([1, 2], "c1")), next(flow)] == [Give(1), Give(2)]
    assert next(flow).params == {"kind": "a,b", "limit": "2", "cursor": "c1"}
    assert flow.send(page([3], None)) == Give(3)
    assert list(flow) == []
    found, _ = carried_out(collect(items(Page[int], "/v1/x")), page([1, 2], "c1"), page([], "c2"), page([3], None))
    assert found == [1, 2, 3]


def test_words_of_a_path_stay_words():
    assert route("devices", "../a?b", "x") == "/v1/devices/..%2Fa%3Fb/x"


def test_parameters_are_texts():
    assert query({"near": (-7.45, 33.6), "none": None, "n": 5, "kind": "air"}) == {
        "near": "-7.45,33.6",
        "n": "5",
        "kind": "air",
    }
