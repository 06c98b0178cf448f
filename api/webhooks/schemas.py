"""The JSON documents about webhooks."""

from typing import Any, Literal

from api.city.schemas import Document
from api.webhooks.bodies import EventType


class ThresholdDocument(Document):
    """A value beyond a level, until it is back at `clear`; empty lists mean all."""

    type: Literal["threshold"]
    sensor: list[str]
    kind: list[str]
    district: list[str]
    property: str
    above: float | None
    below: float | None
    clear: float | None
    duration: str | None


class SilenceDocument(Document):
    """A sensor or device that says nothing for a time; empty lists mean all."""

    type: Literal["silence"]
    sensor: list[str]
    kind: list[str]
    district: list[str]
    property: list[str]
    after: str


class EventDocument(Document):
    """An event that is announced; an empty list means all types."""

    type: Literal["event"]
    event: list[EventType]


class WebhookDocument(Document):
    """A webhook: `reason` if we have switched it off, `failing` since when every attempt has failed."""

    id: str
    name: str
    url: str
    world: str
    condition: ThresholdDocument | SilenceDocument | EventDocument
    enabled: bool
    reason: str
    made: str
    failing: str | None


class WebhookAndSecret(WebhookDocument):
    """A webhook with what signs its deliveries, which is shown this once."""

    secret: str


class WebhookPage(Document):
    """Webhooks, the oldest first."""

    items: list[WebhookDocument]
    next: None


class DeliveryDocument(Document):
    """A delivery: `tried` last, `took` so long [s], and was answered `code`, or went wrong as `error` says; `due` next."""

    id: str
    type: str
    status: Literal["pending", "delivered", "failed", "dropped"]
    made: str
    attempts: int
    tried: str | None
    took: float | None
    code: int | None
    error: str
    due: str | None
    body: dict[str, Any]


class DeliveryPage(Document):
    """Deliveries, newest first."""

    items: list[DeliveryDocument]
    next: str | None
