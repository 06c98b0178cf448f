"""Webhooks: conditions, and their deliveries."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from .base import LINE, Body, Document, Duration, JsonObject, Name, Names, Time, split_names

PublicEvent: TypeAlias = Literal["road_closure", "heatwave", "flood", "pollution_episode", "festival"]
"""Events that a city announces (docs/scenarios.md)."""

Severity: TypeAlias = Literal["critical", "warning", "info"]
"""How urgent an alert is."""

_Url: TypeAlias = Annotated[str, Meta(max_length=2000, examples=["https://example.org/hook"])]
_Text: TypeAlias = Annotated[str, LINE, Meta(max_length=200)]


def _check_names(condition: Body, *members: str) -> None:
    for member in members:
        try:
            if (names := getattr(condition, member)) != ():
                split_names(names)
        except ValueError as error:
            raise ValueError(f"{member}: {error}") from None


class ThresholdCondition(Body, frozen=True, kw_only=True, tag_field="type", tag="threshold", omit_defaults=False):
    """A value beyond a level. It fires once, and again only after the value was back at `clear`.

    Parameters
    ----------
    sensor, kind, district : list of str or str
        Which series are meant; all that the others mean if left out.
    property : str
    above, below : float, optional
        Level [unit of the property]; give one of them.
    clear : float, optional
        Level at which it clears; the same level if left out.
    duration : duration, optional
        How long it must last, in the world's time; it fires at once if left out.
    """

    sensor: Names = ()
    kind: Names = ()
    district: Names = ()
    property: Annotated[str, LINE, Meta(max_length=64, examples=["pm25"])]
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    duration: Duration | None = None

    def __post_init__(self) -> None:
        _check_names(self, "sensor", "kind", "district")
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if self.clear is not None and (
            (self.above is not None and self.clear > self.above) or (self.below is not None and self.clear < self.below)
        ):
            raise ValueError("clear lies beyond the level, so that it could never clear")


class SilenceCondition(Body, frozen=True, kw_only=True, tag_field="type", tag="silence", omit_defaults=False):
    """A sensor or device that sends nothing for a time of its world. It clears with its next message.

    Parameters
    ----------
    sensor, kind, district, property : list of str or str
        Which series are meant; all that the others mean if left out.
    after : duration
        Longest allowed silence.
    """

    sensor: Names = ()
    kind: Names = ()
    district: Names = ()
    property: Names = ()
    after: Duration

    def __post_init__(self) -> None:
        _check_names(self, "sensor", "kind", "district", "property")


class EventCondition(Body, frozen=True, kw_only=True, tag_field="type", tag="event", omit_defaults=False):
    """An event that the city, or the pilot's own world, announces; delivered when it starts and when it has ended.

    Parameters
    ----------
    event : list of str
        Types of events; all if left out.
    """

    event: Annotated[tuple[PublicEvent, ...], Meta(max_length=20)] = ()


class AlertCondition(Body, frozen=True, kw_only=True, tag_field="type", tag="alert", omit_defaults=False):
    """Alerts, as `GET /v1/alerts` has them: of all pilots for engineers and administrators, else one's own.

    Parameters
    ----------
    severity : list of str
        Severities; all if left out.
    """

    severity: Annotated[tuple[Severity, ...], Meta(max_length=3)] = ()


Condition: TypeAlias = ThresholdCondition | SilenceCondition | EventCondition | AlertCondition


class NewWebhook(Body, frozen=True, kw_only=True):
    """An address to call when a condition holds.

    Parameters
    ----------
    url : str
    name : str
        For people.
    world : str, optional
        The shared city if left out; `p-{pilot}` for the pilot's own devices.
    condition : ThresholdCondition, SilenceCondition, EventCondition or AlertCondition
    """

    url: _Url
    name: _Text = ""
    world: Name | None = None
    condition: Condition


class WebhookChange(Body, frozen=True, kw_only=True):
    """A change of a webhook; what is left out, or null, stays.

    Parameters
    ----------
    url : str, optional
    name : str, optional
        For people.
    condition : ThresholdCondition, SilenceCondition, EventCondition or AlertCondition, optional
    enabled : bool, optional
        Switched on again, its condition starts from the beginning.
    """

    url: _Url | None = None
    name: _Text | None = None
    condition: Condition | None = None
    enabled: bool | None = None


class Webhook(Document, frozen=True, kw_only=True):
    """A webhook.

    Parameters
    ----------
    id, name, url, world : str
    condition : ThresholdCondition, SilenceCondition, EventCondition or AlertCondition
    enabled : bool
    reason : str
        Why the sandbox switched it off.
    made : datetime
    failing : datetime or None
        Since when every attempt has failed.
    """

    id: str
    name: str
    url: str
    world: str
    condition: Condition
    enabled: bool
    reason: str
    made: Time
    failing: Time | None


class WebhookWithSecret(Webhook, frozen=True, kw_only=True):
    """A webhook with the secret that signs its deliveries; it is shown this once."""

    secret: str


class Delivery(Document, frozen=True, kw_only=True):
    """A delivery of a webhook.

    Parameters
    ----------
    id, type : str
    status : str
    made : datetime
    attempts : int
    tried : datetime or None
        When the last attempt was.
    took : float or None
        How long it took [s].
    code : int or None
        HTTP status of the answer.
    error : str
        What went wrong.
    due : datetime or None
        When the next attempt is.
    body : dict
    """

    id: str
    type: str
    status: Literal["pending", "delivered", "failed", "dropped"]
    made: Time
    attempts: int
    tried: Time | None
    took: float | None
    code: int | None
    error: str
    due: Time | None
    body: JsonObject
