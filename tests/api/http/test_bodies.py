import pytest
from pydantic import ValidationError

from api.http.bodies import Body, NewCommand, NewDevice, NewEvent, NewWorld
from api.pilots.bodies import NewEntry, NewPilot
from api.webhooks.bodies import NewWebhook
from zenata.control.keys import Role, Scope

HOOK = {"url": "https://example.org/"}
THRESHOLD = {"type": "threshold", "property": "pm25", "above": 1}


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (NewWorld, {"seed": "1"}),
        (NewWorld, {"seed": True}),
        (NewWorld, {"seed": 1.5}),
        (NewWorld, {"packs": 0}),
        (NewWorld, {"packs": "true"}),
        (NewWorld, {"kinds": "air"}),
        (NewWorld, {"colour": "red"}),
        (NewDevice, {"id": 1}),
        (NewDevice, {"id": "roof", "longitude": "-7.45", "latitude": 33.6}),
        (NewCommand, {"sensor": "a", "set": {"dim": "0.5"}}),
        (NewCommand, {"sensor": "a", "set": {"dim": True}}),
        (NewPilot, {"name": "aqua", "quotas": {"worlds": "2"}}),
        (NewPilot, {"name": "aqua", "role": "king"}),
        (NewPilot, {"name": "aqua", "scopes": ["fly"]}),
        (NewEntry, {"amount": True, "date": "2026-01-01"}),
        (NewWebhook, HOOK | {"condition": THRESHOLD | {"above": "1"}}),
        (NewEvent, {"type": "leak", "start": 5}),
    ],
)
def test_a_value_is_of_the_type_that_the_document_says(body: type[Body], given: dict) -> None:
    with pytest.raises(ValidationError):
        body.model_validate(given)


def test_what_json_has_no_type_for_is_read_from_what_it_has() -> None:
    pilot = NewPilot.model_validate({"name": "aqua", "role": "guest", "scopes": ["read"], "quotas": {"worlds": 2.0}})
    assert (pilot.role, pilot.scopes, pilot.quotas.worlds) == (Role.GUEST, {Scope.READ}, 2)
    assert NewWorld.model_validate({"seed": 3.0, "speed": 60}).given()["seed"] == 3
    assert str(NewEntry.model_validate({"amount": 1.25, "date": "2026-01-01"}).amount) == "1.25"
    hook = NewWebhook.model_validate(HOOK | {"condition": THRESHOLD | {"kind": ["air", "noise"]}})
    assert hook.condition.kind == ("air", "noise")
