"""Calls about webhooks: addresses that are told when a condition holds."""

from collections.abc import Mapping
from typing import Unpack

from zenata_client.asked import WebhookWords
from zenata_client.documents import Delivery, Page, Webhook
from zenata_client.plan import Plan, at, delete, get, items, patch, post, whole


def webhooks() -> Plan[list[Webhook]]:
    """Return one's webhooks."""
    return (yield from whole(items(Page[Webhook], at("webhooks"))))


def webhook(webhook: str) -> Plan[Webhook]:
    """Return one webhook."""
    return (yield from get(Webhook, at("webhooks", webhook)))


def add_webhook(
    url: str, condition: Mapping[str, object], *, name: str = "", world: str | None = None
) -> Plan[Webhook]:
    """Make a webhook; keep its `secret`, which is told this once."""
    return (
        yield from post(Webhook, at("webhooks"), {"url": url, "condition": condition, "name": name, "world": world})
    )


def change_webhook(webhook: str, **words: Unpack[WebhookWords]) -> Plan[Webhook]:
    """Change a webhook, or switch it off or on."""
    return (yield from patch(Webhook, at("webhooks", webhook), words))


def remove_webhook(webhook: str) -> Plan[None]:
    """Remove a webhook with its deliveries."""
    yield from delete(at("webhooks", webhook))


def new_secret(webhook: str) -> Plan[Webhook]:
    """Sign with another `secret` from now on, which is told this once."""
    return (yield from post(Webhook, at("webhooks", webhook, "secret"), {}))


def test_webhook(webhook: str) -> Plan[Delivery]:
    """Send a delivery of the type `test` now."""
    return (yield from post(Delivery, at("webhooks", webhook, "test"), {}))


def deliveries(webhook: str) -> Plan[list[Delivery]]:
    """Return what was, or is to be, delivered, newest first."""
    return (yield from whole(items(Page[Delivery], at("webhooks", webhook, "deliveries"))))


def retry_delivery(webhook: str, delivery: str) -> Plan[Delivery]:
    """Deliver once more, now."""
    return (yield from post(Delivery, at("webhooks", webhook, "deliveries", delivery, "retry"), {}))
