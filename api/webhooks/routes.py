"""Routes of webhooks and their deliveries."""

import secrets
import struct
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.bodies import body, present
from api.http.context import Context, ContextDep
from api.http.params import DeliveriesParams, NoParams, SeriesParams
from api.http.problems import KINDS, Problem, invalid, sentence
from api.http.responses import responses
from api.http.routing import FairRoute
from api.readings.selection import select, select_world
from api.webhooks.addresses import UrlError, check_url
from api.webhooks.signature import new_secret
from api.webhooks.trackers import delivery_of
from api.webhooks.webhook import Delivery, Webhook, WebhookError
from zenata.city.clock import WallClock, parse_duration
from zenata.city.model import OWN
from zenata.contract.base import Page, split_names
from zenata.contract.webhooks import (
    AlertCondition,
    Condition,
    EventCondition,
    NewWebhook,
    ThresholdCondition,
    WebhookChange,
    WebhookWithSecret,
)
from zenata.contract.webhooks import Delivery as DeliveryDocument
from zenata.contract.webhooks import Webhook as WebhookDocument
from zenata.control.keys import Principal

router = APIRouter(
    prefix="/v1/webhooks", tags=["webhooks"], dependencies=[Depends(authenticate)], route_class=FairRoute
)

_COMMON = ("no-key", "invalid-parameter", "wrong-role")
_ONE = (*_COMMON, "unknown-webhook")
_WORLD = ("unknown-world", "unknown-sensor", "store-unavailable")
_PROBLEMS = {
    "limit": "webhook-limit",
    "unknown": "unknown-webhook",
    "delivery": "unknown-delivery",
    "off": "webhook-off",
}

WebhookId = Annotated[str, Path(description="Id of one of your webhooks.", max_length=64)]
DeliveryId = Annotated[str, Path(description="Id of one of its deliveries.", max_length=64)]


@router.post(
    "",
    status_code=201,
    responses=responses(WebhookWithSecret, *_COMMON, *_WORLD, "webhook-limit", status=201),
)
def make(
    context: ContextDep, principal: PrincipalDep, new: Annotated[NewWebhook, body(NewWebhook)], _: NoParams
) -> Response:
    """Make a webhook. What signs its deliveries is in this answer, and in no other.

    A condition that holds already is delivered at once.
    """
    world = _world(context, principal, new.world)
    _check_url(context, new.url)
    now = WallClock().now()
    hook = Webhook(
        id=f"wh_{secrets.token_hex(12)}",
        pilot=principal.pilot,
        name=new.name,
        url=new.url,
        world=world,
        condition=_condition(context, principal, world, new.condition),
        secret=new_secret(),
        made=now,
        begun=now,
    )
    context.webhooks.register.add(hook)
    return respond(document(WebhookWithSecret, hook), 201, {"Location": f"/v1/webhooks/{hook.id}"})


@router.get("", responses=responses(Page[WebhookDocument], *_COMMON))
def webhooks(context: ContextDep, principal: PrincipalDep, _: NoParams) -> Response:
    """List one's webhooks."""
    hooks = context.webhooks.register.webhooks(principal.pilot)
    return respond(Page(items=[document(WebhookDocument, hook) for hook in hooks], next=None))


@router.get("/{webhook}", responses=responses(WebhookDocument, *_ONE))
def webhook(context: ContextDep, principal: PrincipalDep, webhook: WebhookId, _: NoParams) -> Response:
    """Return one webhook."""
    return respond(document(WebhookDocument, context.webhooks.register.webhook(principal.pilot, webhook)))


@router.patch("/{webhook}", responses=responses(WebhookDocument, *_ONE, *_WORLD))
def change(
    context: ContextDep,
    principal: PrincipalDep,
    webhook: WebhookId,
    new: Annotated[WebhookChange, body(WebhookChange)],
    _: NoParams,
) -> Response:
    """Change a webhook, or switch it off or on. What waits while it is switched off is dropped."""
    hook = context.webhooks.register.webhook(principal.pilot, webhook)
    changes = present(new, nulls=False)
    if new.url is not None:
        _check_url(context, new.url)
    if new.condition is not None:
        changes["condition"] = _condition(context, principal, hook.world, new.condition)
    if new.enabled:
        changes |= {"reason": "", "failing": None}
    is_new = new.condition is not None or (new.enabled and not hook.enabled)
    restart = WallClock().now() if is_new else None
    changed = context.webhooks.register.change(principal.pilot, webhook, restart=restart, **changes)
    return respond(document(WebhookDocument, changed))


@router.delete("/{webhook}", status_code=204, responses=responses(None, *_ONE, status=204))
def remove(context: ContextDep, principal: PrincipalDep, webhook: WebhookId, _: NoParams) -> Response:
    """Remove a webhook with its deliveries, also those that wait."""
    context.webhooks.register.remove(principal.pilot, webhook)
    return Response(status_code=204)


@router.post("/{webhook}/secret", responses=responses(WebhookWithSecret, *_ONE))
def rotate(context: ContextDep, principal: PrincipalDep, webhook: WebhookId, _: NoParams) -> Response:
    """Sign with another secret from now on. It is in this answer, and in no other."""
    hook = context.webhooks.register.change(principal.pilot, webhook, secret=new_secret())
    return respond(document(WebhookWithSecret, hook))


@router.post(
    "/{webhook}/test",
    status_code=202,
    responses=responses(DeliveryDocument, *_ONE, "webhook-off", status=202),
)
def test(context: ContextDep, principal: PrincipalDep, webhook: WebhookId, _: NoParams) -> Response:
    """Send a delivery of the type `test` now. The log has its outcome; it is `dropped` at once where too many wait already."""
    hook = context.webhooks.register.webhook(principal.pilot, webhook)
    delivery = delivery_of(hook, "test", {}, WallClock().now(), secrets.token_hex(16))
    if not context.webhooks.register.record(hook, {}, [delivery]):
        raise Problem("webhook-off", f"Nothing is sent. {KINDS['webhook-off'].help}")
    just_behind = delivery.made, f"{delivery.id}~"  # no id has that character
    stored = context.webhooks.register.deliveries(hook.id, before=just_behind, limit=1)
    return respond(_delivery(stored[0] if stored else delivery), 202)


@router.get("/{webhook}/deliveries", responses=responses(Page[DeliveryDocument], *_ONE))
def deliveries(
    context: ContextDep, principal: PrincipalDep, webhook: WebhookId, params: Annotated[DeliveriesParams, Query()]
) -> Response:
    """List what was, or is to be, delivered, newest first; of the last 30 days."""
    hook = context.webhooks.register.webhook(principal.pilot, webhook)
    before = None if params.cursor is None else _position(context, params.cursor, hook.id)
    found = context.webhooks.register.deliveries(hook.id, before=before, limit=params.limit + 1)
    items = found[: params.limit]
    following = _cursor(context, items[-1], hook.id) if len(found) > len(items) else None
    return respond(Page(items=[_delivery(one) for one in items], next=following))


@router.post(
    "/{webhook}/deliveries/{delivery}/retry",
    status_code=202,
    responses=responses(DeliveryDocument, *_ONE, "unknown-delivery", "webhook-off", status=202),
)
def retry(
    context: ContextDep, principal: PrincipalDep, webhook: WebhookId, delivery: DeliveryId, _: NoParams
) -> Response:
    """Deliver once more, now, whatever became of it. One older than a day gets this one attempt."""
    now = WallClock().now()
    again = context.webhooks.register.retry(principal.pilot, webhook, delivery, now)
    return respond(_delivery(again), 202)


def _world(context: Context, principal: Principal, named: str | None) -> str:
    """Return a world that webhooks of a pilot may look at: also for who may watch others, only the city and its own."""
    world = select_world(context, principal, named)
    if not context.webhooks.may(principal.pilot, world):
        raise Problem("unknown-world", "A webhook looks at the shared city, your own worlds, or your devices.")
    return world


def _condition(context: Context, principal: Principal, world: str, condition: Condition) -> dict[str, Any]:
    """Return a condition as it is stored, if what it names exists. A device may report a property later."""
    stored: dict[str, Any] = msgspec.to_builtins(condition)
    if isinstance(condition, AlertCondition):
        return stored
    stored |= {name: split_names(stored[name]) for name in ("sensor", "kind", "district") if stored.get(name)}
    if isinstance(stored.get("property"), str) and not isinstance(condition, ThresholdCondition):
        stored["property"] = split_names(stored["property"])
    _check_durations(stored)
    own = world.startswith(OWN)
    if isinstance(condition, EventCondition):
        if own:
            raise invalid("condition", f"events are of the city and of worlds; {world} has devices")
        return stored
    named = {name: stored[name] for name in ("sensor", "kind", "district")}
    select(
        context,
        principal,
        SeriesParams(
            world=(world,),
            property=() if own else stored["property"] or (),
            **{name: some for name, some in named.items() if some},
        ),
    )
    return stored


def _check_durations(stored: dict[str, Any]) -> None:
    for name in ("duration", "after"):
        if (duration := stored.get(name)) not in (None, 0):
            try:
                parse_duration(duration)
            except ValueError as error:
                raise invalid(f"condition.{name}", str(error)) from None


def _check_url(context: Context, url: str) -> None:
    try:
        check_url(url, private=context.webhooks.private)
    except UrlError as error:
        raise invalid("url", str(error)) from error


def problem_of(error: WebhookError) -> Problem:
    """Return the problem that a refusal of the register is answered with."""
    name = _PROBLEMS[error.reason]
    return Problem(name, f"{sentence(str(error))} {KINDS[name].help}")


def _cursor(context: Context, delivery: Delivery, query: str) -> str:
    words = struct.unpack(">2q", bytes.fromhex(delivery.id.removeprefix("msg_")))
    return context.cursors.encode((delivery.made, *words), query)


def _position(context: Context, cursor: str, query: str) -> tuple[int, str]:
    """Return where the page before ended, as `Webhooks.deliveries` has it."""
    made, *words = context.cursors.decode(cursor, query, 3)
    return made, f"msg_{struct.pack('>2q', *words).hex()}"


def _delivery(delivery: Delivery) -> DeliveryDocument:
    return document(DeliveryDocument, delivery, body=msgspec.Raw(delivery.body.encode()))
