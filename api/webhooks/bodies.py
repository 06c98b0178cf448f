"""What requests about webhooks carry."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, model_validator
from pydantic_core import PydanticCustomError

from api.http.bodies import Body, Line
from api.http.params import Names
from zenata.city.clock import parse_duration


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError as error:
        raise PydanticCustomError("no_duration", "{why}", {"why": str(error)}) from None
    return text


Duration = Annotated[str, Field(max_length=32, examples=["10m"]), AfterValidator(_duration)]
_Word = Annotated[Line, Field(max_length=64)]
_Some = Annotated[Names, Field(max_length=100, strict=False)]  # JSON has no tuples
EventType = Literal["road_closure", "heatwave", "flood", "pollution_episode", "festival"]
"""Those that a city announces (docs/scenarios.md)."""


class _Series(Body):
    """Which sensors are meant."""

    sensor: _Some = Field((), description="Sensors or devices; all that the rest means if left out.")
    kind: _Some = Field((), description="Kinds, as in /v1/kinds.")
    district: _Some = Field((), description="Districts, as in /v1/districts.")


class ThresholdCondition(_Series):
    """A value beyond a level. It fires once, and again only after the value has been back at `clear`."""

    type: Literal["threshold"]
    property: _Word = Field(examples=["pm25"])
    above: FiniteFloat | None = Field(None, description="It fires above this level [unit of the property] ...")
    below: FiniteFloat | None = Field(None, description="... or below this one; say one of them.")
    clear: FiniteFloat | None = Field(None, description="Back at this level it clears; the same level if left out.")
    duration: Duration | None = Field(
        None, description="How long it must last, in the world's time; at once if left out."
    )

    @model_validator(mode="after")
    def _levels(self) -> "ThresholdCondition":
        if (self.above is None) == (self.below is None):
            raise PydanticCustomError("levels", "say either above or below")
        if self.clear is not None and (
            (self.above is not None and self.clear > self.above) or (self.below is not None and self.clear < self.below)
        ):
            raise PydanticCustomError("levels", "clear lies beyond the level, so that it could never clear")
        return self


class SilenceCondition(_Series):
    """A sensor or device that says nothing for a time of its world. It clears when it says something again."""

    type: Literal["silence"]
    property: _Some = Field((), description="Properties; any if left out.")
    after: Duration = Field(description="How long it may be silent.", examples=["15m"])


class EventCondition(Body):
    """An event that the city, or one's own world, announces. It is told when it starts and when it has ended."""

    type: Literal["event"]
    event: tuple[EventType, ...] = Field(
        (), description="Types of events; all if left out.", max_length=20, strict=False
    )


Condition = Annotated[ThresholdCondition | SilenceCondition | EventCondition, Field(discriminator="type")]
Url = Annotated[str, Field(max_length=2000, examples=["https://example.org/hook"])]
Name = Annotated[Line, Field(max_length=200, description="For a person.")]


class NewWebhook(Body):
    """An address to tell when a condition holds."""

    url: Url
    name: Name = ""
    world: _Word | None = Field(None, description="The shared city if left out; `p-{pilot}` for one's devices.")
    condition: Condition


class WebhookChange(Body):
    """What is to be different; what is left out, or null, stays."""

    url: Url | None = None
    name: Name | None = None
    condition: Condition | None = None
    enabled: bool | None = Field(None, description="Switched on again, its condition begins anew.")
