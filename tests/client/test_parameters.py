"""Times and durations of the client mean what the API reads in them."""

from datetime import UTC, datetime, timedelta
from inspect import Parameter, signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.city.clock import SECOND, parse_duration, parse_moment
from zenata_client import AsyncClient, Client
from zenata_client.calls.trials import Step, make_step
from zenata_client.calls.worlds import advance, command_all
from zenata_client.contract.commands import MAX_COMMANDS
from zenata_client.contract.trials import TrialStep
from zenata_client.methods import Methods
from zenata_client.parameters import body, duration_of, limit_of, moment_of, query, text_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
NOW_US = parse_moment("2026-11-29T12:00:00Z", 0)
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=3000))


@pytest.mark.parametrize(
    "moment",
    [
        *("now", "+10m", "-90min", "now-1h", "now + 2d", "-PT1H"),
        *("2026-07-01", "2026-07-01T06:00:00+02:00", "2026-07-01T06:00:00"),
        *(1795946400, "1795946400", 1795946400000, 1795946400.5),
    ],
)
def test_z4_a_time_is_read_as_the_api_reads_it(moment):
    assert moment_of(moment, NOW) == NOW + timedelta(microseconds=parse_moment(moment, NOW_US) - NOW_US)


@pytest.mark.parametrize(
    "duration", ["15m", "1d12h", "PT15M", "P1DT2H", 900, "900", 0.5, "1 min 30 s", timedelta(hours=2)]
)
def test_z4_a_duration_is_read_as_the_api_reads_it(duration):
    assert duration_of(duration) == timedelta(microseconds=parse_duration(text_of(duration)))


@pytest.mark.parametrize("moment", ["soon", "+soon", 7, "1 month", ""])
def test_what_is_no_time_is_refused_as_the_api_refuses_it(moment):
    with pytest.raises(ValueError, match="is not a"):
        moment_of(moment, NOW)
    with pytest.raises(ValueError):
        parse_moment(moment, NOW_US)


@given(SPANS, st.sampled_from([1, -1]))
def test_z4_a_timedelta_counts_from_now_where_a_time_is_meant(span, sign):
    micros = span // timedelta(microseconds=1)
    for written in (query({"start": sign * span})["start"], body({"start": sign * span})["start"]):
        assert parse_moment(written, NOW_US) == NOW_US + sign * micros
    assert parse_duration(query({"every": span})["every"]) == micros
    assert parse_duration(body({"events": [{"duration": span}]})["events"][0]["duration"]) == micros


def test_times_within_a_scenario_are_written_too():
    events = [{"type": "leak", "start": timedelta(hours=2), "duration": 1800}, {"type": "leak", "start": NOW}]
    (first, second) = body({"scenario": events})["scenario"]
    assert (first["start"], first["duration"], second["start"]) == ("+7200s", 1800, "2026-11-29T12:00:00Z")
    assert parse_moment(first["start"], NOW_US) == NOW_US + 7200 * SECOND


LIMITED = [
    name for name in dir(Methods) if not name.startswith("_") and "limit" in signature(getattr(Client, name)).parameters
]


@pytest.mark.parametrize("type_", [Client, AsyncClient])
@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize(("limit", "error"), [("5", TypeError), (2.5, TypeError), (True, TypeError), (-1, ValueError)])
def test_a_limit_that_is_none_is_refused_by_every_call_before_anything_is_sent(type_, name, limit, error):
    call = getattr(type_, name)
    named = list(signature(call).parameters.values())[1:]
    given = ["w" for one in named if one.default is Parameter.empty and one.kind is not Parameter.VAR_KEYWORD]
    with pytest.raises(error, match=f"limit: .*{limit}"):
        call(None, *given, limit=limit)  # without a client, so nothing can be sent


def test_limits_are_whole_numbers_of_any_library():
    assert [limit_of(limit) for limit in (None, 0, 5, np.int64(7))] == [None, 0, 5, 7]
    assert {"sensors", "readings", "arrow", "audit"} <= set(LIMITED)


def test_more_commands_than_a_step_takes_are_refused_by_name():
    step = Step(
        TrialStep(
            trial="t-1", phase="running", seed=1, step=1, steps=9, from_=NOW, time=NOW, warm_up=False, seed_over=False,
            taken=0, repeated=0, rows=0, items=[], next=None, outcomes=[],
        )
    )  # fmt: skip
    for _ in range(MAX_COMMANDS):
        step.command("streetlight-0001", dim=0.4)
    with pytest.raises(ValueError, match="commands: 1,001 are more than the 1,000"):
        step.command("streetlight-0001", dim=0.4)
    assert len(step.taken()[1]) == MAX_COMMANDS


@pytest.mark.parametrize("plan", [
    lambda many: make_step("t", commands=many), lambda many: advance("w", steps=1, commands=many), lambda many: command_all("w", many),
])  # fmt: skip
def test_more_commands_than_a_request_takes_are_refused_before_anything_is_sent(plan):
    many = [{"sensor": "streetlight-0001", "set": {"dim": 0.4}}] * (MAX_COMMANDS + 1)
    with pytest.raises(ValueError, match="commands: 1,001"):
        next(plan(many))
