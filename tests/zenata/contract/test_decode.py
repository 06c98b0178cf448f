"""Bodies are decoded strictly, and what is wrong is named with what is allowed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zenata.contract.commands import NewCommand
from zenata.contract.decode import BodyError, decode
from zenata.contract.devices import DeviceChange, NewDevice
from zenata.contract.exports import NewExport
from zenata.contract.pilots import NewBudgetEntry, NewKey, NewPilot, PilotChange, Role, Scope
from zenata.contract.webhooks import NewWebhook, WebhookChange
from zenata.contract.worlds import Advance, ClockChange, Fork, NewBackfill, NewEvent, NewWorld

BODIES = (
    *(NewWorld, ClockChange, Advance, Fork, NewEvent, NewBackfill, NewCommand, NewDevice, DeviceChange),
    *(NewExport, NewWebhook, WebhookChange, NewPilot, PilotChange, NewKey, NewBudgetEntry),
)
HOOK = {"url": "https://example.org/"}
THRESHOLD = {"type": "threshold", "property": "pm25", "above": 1}


def problem(type_, body):
    """Return member, text and allowed values of the error that a body is."""
    with pytest.raises(BodyError) as refused:
        decode(body if isinstance(body, bytes) else json.dumps(body).encode(), type_)
    return refused.value.member, refused.value.problem, refused.value.allowed


def test_a_member_whose_name_is_free_is_said_to_be_wrong_inside():
    member, text, _ = problem(NewCommand, {"sensor": "a", "set": {"dim": "0.5"}})
    assert (member, text) == ("set", "the value of one of its members is not allowed: give a number or null")
    assert problem(NewCommand, {"sensor": "a", "set": {}})[1].startswith("is not allowed as it is: give an object")


@pytest.mark.parametrize(
    ("type_", "body", "member"),
    [
        (NewWorld, {"seed": "1"}, "seed"),
        (NewWorld, {"seed": True}, "seed"),
        (NewWorld, {"seed": 1.5}, "seed"),
        (NewWorld, {"packs": 0}, "packs"),
        (NewWorld, {"packs": "true"}, "packs"),
        (NewWorld, {"kinds": "air"}, "kinds"),
        (NewWorld, {"kinds": ["air", 5]}, "kinds.1"),
        (NewWorld, {"colour": "red"}, "colour"),
        (NewDevice, {"id": 1}, "id"),
        (NewDevice, {"name": "x"}, "id"),
        (NewDevice, {"id": "roof", "longitude": "-7.45", "latitude": 33.6}, "longitude"),
        (NewDevice, {"id": "roof", "longitude": -7.45}, "body"),
        (DeviceChange, {"latitude": None}, "body"),
        (DeviceChange, {"name": None}, "name"),
        (NewCommand, {"sensor": "a", "set": {"dim": "0.5"}}, "set"),
        (NewCommand, {"sensor": "a", "set": {"dim": True}}, "set"),
        (NewCommand, {"sensor": "a", "set": {}}, "set"),
        (NewPilot, {"name": "aqua", "quotas": {"worlds": "2"}}, "quotas.worlds"),
        (NewPilot, {"name": "aqua", "quotas": {"wrlds": 2}}, "quotas.wrlds"),
        (NewPilot, {"name": "aqua", "scopes": ["read", "fly"]}, "scopes.1"),
        (NewBudgetEntry, {"amount": True, "date": "2026-01-01"}, "amount"),
        (NewBudgetEntry, {"amount": 1.005, "date": "2026-01-01"}, "amount"),
        (NewBudgetEntry, {"amount": "200000.01", "date": "2026-01-01"}, "amount"),
        (NewWebhook, HOOK | {"condition": THRESHOLD | {"above": "1"}}, "condition.above"),
        (NewWebhook, HOOK | {"condition": THRESHOLD | {"below": 1}}, "condition"),
        (NewWebhook, HOOK | {"condition": THRESHOLD | {"kind": ["a", "b\0"]}}, "condition.kind.1"),
        (NewWebhook, HOOK | {"condition": THRESHOLD | {"kind": "a,b\0"}}, "condition.kind"),
        (NewWebhook, HOOK | {"condition": THRESHOLD | {"district": ""}}, "condition.district"),
        (
            NewWebhook,
            HOOK | {"condition": {"type": "silence", "after": "1m", "property": ["a", ""]}},
            "condition.property",
        ),
        (NewWebhook, HOOK | {"condition": {"type": "event", "event": ["flood", "leak"]}}, "condition.event.1"),
        (NewEvent, {"type": "leak", "start": [5]}, "start"),
        (Advance, {"steps": 0}, "steps"),
        (Advance, {}, "body"),
        (Advance, [], "body"),
    ],
)
def test_the_member_that_does_not_fit_is_named(type_, body, member):
    assert problem(type_, body)[0] == member


@pytest.mark.parametrize(
    ("type_", "body", "text", "allowed"),
    [
        (ClockChange, {"speed": -1}, '-1 is not allowed: give a number from 1 to 3,600 or "max" or null', None),
        (ClockChange, {"speed": "fast"}, '"fast" is not allowed: give a number from 1 to 3,600 or "max" or null', None),
        (NewPilot, {"name": "a", "role": "king"}, None, ["admin", "engineer", "pilot", "guest"]),
        (NewWebhook, HOOK | {"condition": {"type": "x"}}, None, ["threshold", "silence", "event", "alert"]),
        (NewWebhook, HOOK | {"condition": {}}, None, ["threshold", "silence", "event", "alert"]),
        (NewDevice, {"id": "a", "codec": "xml"}, None, ["auto", "cayenne", "json", "influx"]),
        (ClockChange, {"sped": 1}, "is not a member; use state, speed", ["state", "speed"]),
        (NewDevice, {"id": "a" * 64}, "is not allowed as it is: give a text of up to 63 characters", None),
        (Advance, {"steps": 1, "end": "now"}, "give either end or steps", None),
        (NewCommand, {"set": {"dim": 1}}, "is missing: give a text of up to 64 characters", None),
    ],
)
def test_q5_what_is_allowed_is_reported(type_, body, text, allowed):
    _, message, choices = problem(type_, body)
    assert text in {None, message}
    assert (choices and sorted(choices)) == (allowed and sorted(allowed))
    if allowed:
        assert all(value in message for value in allowed)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "is empty"),
        (b'{"seed": 1,}', "line 1, column"),
        (b"seed=1", "is no JSON"),
        (b'{"seed": "\xff"}', "UTF-8"),
        (b'{"scenario": "\\ud800"}', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'{"speed": NaN}', "NaN"),
        (b'{"speed": 1e400}', "1e400"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_what_is_no_json_says_where(body, text):
    member, message, _ = problem(NewWorld, body)
    assert member == "body"
    assert text in message


def test_what_json_has_no_type_for_is_read_from_what_it_has():
    pilot = decode(b'{"name": "aqua", "role": "guest", "scopes": ["read"], "quotas": {"worlds": 2.0}}', NewPilot)
    assert (pilot.role, pilot.scopes, pilot.quotas.worlds) == (Role.GUEST, (Scope.READ,), 2)
    assert decode(b'{"seed": 3.0, "speed": 60}', NewWorld).seed == 3
    assert str(decode(b'{"amount": 1.25, "date": "2026-01-01"}', NewBudgetEntry).dirhams) == "1.25"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("type_", BODIES)
@given(data=st.data())
@settings(max_examples=30)
def test_q5_any_json_is_a_body_or_an_error_in_plain_words(type_, data):
    members = dict.fromkeys(type_.__struct_encode_fields__, JSON)
    body = data.draw(st.fixed_dictionaries({}, optional={**members, "other": JSON}))
    try:
        decode(json.dumps(body).encode(), type_)
    except BodyError as error:
        assert error.member
        assert not {"`", "Expected", "msgspec", "regex", "constrained", "Input should"} & set(error.problem.split())
