"""Calls about webhooks: addresses that are called when a condition holds (docs/webhooks.md)."""

from collections.abc import Mapping

from zenata_client.contract.base import Page
from zenata_client.contract.webhooks import Delivery, Webhook, WebhookWithSecret
from zenata_client.parameters import body
from zenata_client.plan import Plan, collect, delete, get, items, patch, post, route


def webhooks() -> Plan[list[Webhook]]:
    """Return your webhooks."""
    return (yield from collect(items(Page[Webhook], route("webhooks"))))


def webhook(webhook: str) -> Plan[Webhook]:
    """Return one webhook."""
    return (yield from get(Webhook, route("webhooks", webhook)))


def add_webhook(
    url: str, condition: Mapping[str, object], *, name: str = "", world: str | None = None
) -> Plan[WebhookWithSecret]:
    """Make a webhook; keep its `secret`, which is shown this once.

    Parameters
    ----------
    url : str
        Address to call.
    condition : dict
        Such as ``{"type": "threshold", "property": "pm25", "above": 50}``.
    name : str
        For people.
    world : str, optional
        The shared city if left out.
    """
    new = {"url": url, "condition": condition, "name": name, "world": world}
    return (yield from post(WebhookWithSecret, route("webhooks"), body(new)))


def change_webhook(
    webhook: str,
    *,
    url: str | None = None,
    name: str | None = None,
    condition: Mapping[str, object] | None = None,
    enabled: bool | None = None,
) -> Plan[Webhook]:
    """Change a webhook, or switch it off or on; what is left out stays.

    Parameters
    ----------
    webhook : str
    url, name, condition : optional
        As in `add_webhook`.
    enabled : bool, optional
        Switched on again, its condition starts from the beginning.
    """
    change = {"url": url, "name": name, "condition": condition, "enabled": enabled}
    return (yield from patch(Webhook, route("webhooks", webhook), body(change)))


def remove_webhook(webhook: str) -> Plan[None]:
    """Remove a webhook with its deliveries."""
    yield from delete(route("webhooks", webhook))


def new_secret(webhook: str) -> Plan[WebhookWithSecret]:
    """Sign with another `secret` from now on, which is shown this once."""
    return (yield from post(WebhookWithSecret, route("webhooks", webhook, "secret"), {}))


def test_webhook(webhook: str) -> Plan[Delivery]:
    """Send a delivery of the type `test` now."""
    return (yield from post(Delivery, route("webhooks", webhook, "test"), {}))


def deliveries(webhook: str, *, limit: int | None = None) -> Plan[list[Delivery]]:
    """Return deliveries, newest first.

    Parameters
    ----------
    webhook : str
    limit : int, optional
        At most so many.
    """
    return (yield from collect(items(Page[Delivery], route("webhooks", webhook, "deliveries"), limit=limit)))


def retry_delivery(webhook: str, delivery: str) -> Plan[Delivery]:
    """Deliver once more, now."""
    return (yield from post(Delivery, route("webhooks", webhook, "deliveries", delivery, "retry"), {}))
