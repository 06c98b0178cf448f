"""Rights of roles: which role may call which route, and on whose things. The only place that says so.

Beside the role stand the scope of a key, which fits the method of a request (`api.http.auth`), and what a pilot was
granted: devices of the shared city that it may command (`zenata.control.register`).
"""

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts

from api.http.problems import Problem
from zenata.control.keys import Principal, Role

ADMIN, ENGINEER, PILOT, GUEST = Role.ADMIN, Role.ENGINEER, Role.PILOT, Role.GUEST

EVERYBODY = frozenset(Role)
WATCHERS = frozenset({ADMIN, ENGINEER})
"""Who may see what belongs to others."""
WRITERS = frozenset({ADMIN, PILOT})
"""Who may bring things of their own."""
ADMINS = frozenset({ADMIN})


@dataclass(frozen=True, slots=True)
class Right:
    """Who may call a route.

    Parameters
    ----------
    roles : frozenset of Role
        At all; without others' things, on their own.
    others : frozenset of Role
        On what belongs to others, or to everybody as the shared city does.
    """

    roles: frozenset[Role]
    others: frozenset[Role] = frozenset()


_READ = Right(EVERYBODY, WATCHERS)
_WRITE_OWN = Right(WRITERS)
_WEBHOOK = Right(WRITERS | WATCHERS)  # those who watch receive alerts
_WORLD = Right(EVERYBODY, ADMINS)  # a guest has no world of its own

RIGHTS: dict[tuple[str, str], Right] = {
    **dict.fromkeys(
        [
            ("GET", path)
            for path in (
                "/v1/city",
                "/v1/districts",
                "/v1/kinds",
                "/v1/sensors",
                "/v1/sensors/{sensor}",
                "/v1/map",
                "/v1/buildings",
                "/v1/land",
                "/v1/streets",
                "/v1/networks/{network}",
                "/v1/latest",
                "/v1/frame",
                "/v1/frame/stream",
                "/v1/readings",
                "/v1/stream",
                "/v1/challenges",
                "/v1/challenges/{challenge}",
                "/v1/trials",
                "/v1/trials/{trial}",
                "/v1/trials/{trial}/receipt",
                "/v1/trials/{trial}/report",
                "/v1/editions/{edition}",
                "/v1/leaderboards/{challenge}",
                "/v1/leaderboards/{challenge}/compare",
                "/v1/event-types",
                "/v1/scenarios",
                "/v1/worlds",
                "/v1/worlds/{world}",
                "/v1/worlds/{world}/events",
                "/v1/ledger",
                "/v1/ledger/{world}",
                "/v1/dead-letters",
                "/v1/devices",
                "/v1/devices/{device}",
                "/v1/exports",
                "/v1/exports/{export}",
                "/v1/exports/{export}/file",
                "/v1/session",
                "/v1/me",
                "/v1/me/activity",
                "/v1/audit",
                "/v1/pilots/{pilot}",
                "/v1/pilots/{pilot}/activity",
                "/v1/pilots/{pilot}/scorecard",
                "/v1/pilots/{pilot}/budget",
                "/v1/pilots/{pilot}/keys",
            )
        ],
        _READ,
    ),
    # Worlds: one's own, and those of others
    ("POST", "/v1/worlds"): Right(frozenset({ADMIN, ENGINEER, PILOT})),
    ("DELETE", "/v1/worlds/{world}"): _WORLD,
    ("PATCH", "/v1/worlds/{world}/clock"): _WORLD,
    ("POST", "/v1/worlds/{world}/advance"): _WORLD,
    ("POST", "/v1/worlds/{world}/events"): _WORLD,
    ("POST", "/v1/worlds/{world}/backfill"): _WORLD,
    ("POST", "/v1/worlds/{world}/fork"): _READ,
    ("GET", "/v1/worlds/{world}/record"): _READ,
    ("GET", "/v1/worlds/{world}/truth"): _READ,
    ("DELETE", "/v1/worlds/{world}/events/{event}"): _WORLD,
    ("POST", "/v1/worlds/{world}/repairs"): _WORLD,
    ("GET", "/v1/worlds/{world}/repairs"): _READ,
    ("POST", "/v1/worlds/{world}/reveal"): _WORLD,
    ("GET", "/v1/commands/{command}"): _READ,
    ("POST", "/v1/commands"): _WORLD,
    # Things that pilots bring or make
    ("POST", "/v1/trials"): _WRITE_OWN,
    ("DELETE", "/v1/trials/{trial}"): Right(WRITERS, ADMINS),
    ("POST", "/v1/trials/{trial}/step"): _WRITE_OWN,
    ("POST", "/v1/trials/{trial}/answers"): _WRITE_OWN,
    ("PUT", "/v1/editions/{edition}/declarations/{challenge}"): _WRITE_OWN,
    ("POST", "/v1/exports"): Right(frozenset({ADMIN, ENGINEER, PILOT})),
    ("DELETE", "/v1/exports/{export}"): Right(frozenset({ADMIN, ENGINEER, PILOT}), ADMINS),
    ("POST", "/v1/devices"): _WRITE_OWN,
    ("PATCH", "/v1/devices/{device}"): _WRITE_OWN,
    ("DELETE", "/v1/devices/{device}"): _WRITE_OWN,
    ("POST", "/v1/telemetry"): _WRITE_OWN,
    ("POST", "/write"): _WRITE_OWN,
    ("POST", "/api/v2/write"): _WRITE_OWN,
    ("POST", "/query"): _WRITE_OWN,
    ("GET", "/query"): _WRITE_OWN,
    **dict.fromkeys(
        [("GET", f"/v1/webhooks{rest}") for rest in ("", "/{webhook}", "/{webhook}/deliveries")],
        Right(EVERYBODY),  # nobody else's at all: a URL often has a secret of the receiver in it
    ),
    ("POST", "/v1/webhooks"): _WEBHOOK,
    ("PATCH", "/v1/webhooks/{webhook}"): _WEBHOOK,
    ("DELETE", "/v1/webhooks/{webhook}"): _WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/secret"): _WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/test"): _WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/deliveries/{delivery}/retry"): _WEBHOOK,
    # Operation of the sandbox
    ("GET", "/metrics"): Right(WATCHERS),
    ("GET", "/v1/alerts"): Right(WATCHERS),
    ("POST", "/v1/alerts/{alert}/acknowledge"): Right(WATCHERS),
    ("GET", "/v1/activity"): Right(WATCHERS),
    ("GET", "/v1/keys"): Right(WATCHERS),
    ("GET", "/v1/hosts"): Right(WATCHERS),
    ("GET", "/v1/pilots"): Right(WATCHERS),
    ("POST", "/v1/pilots/{pilot}/suspend"): Right(WATCHERS, WATCHERS),
    ("POST", "/v1/pilots/{pilot}/resume"): Right(WATCHERS, WATCHERS),
    ("POST", "/v1/pilots"): Right(ADMINS),
    ("PATCH", "/v1/pilots/{pilot}"): Right(ADMINS, ADMINS),
    ("POST", "/v1/pilots/{pilot}/budget"): Right(ADMINS, ADMINS),
    ("POST", "/v1/pilots/{pilot}/keys"): Right(EVERYBODY, ADMINS),
    ("POST", "/v1/pilots/{pilot}/keys/{name}/rotate"): Right(EVERYBODY, ADMINS),
    ("DELETE", "/v1/pilots/{pilot}/keys/{name}"): Right(EVERYBODY, ADMINS),
    ("PUT", "/v1/pilots/{pilot}/scorecard/exceptions/{check}"): Right(ADMINS, ADMINS),
    ("DELETE", "/v1/pilots/{pilot}/scorecard/exceptions/{check}"): Right(ADMINS, ADMINS),
    ("POST", "/v1/editions/{edition}/open"): Right(ADMINS, ADMINS),
    ("POST", "/v1/editions/{edition}/freeze"): Right(ADMINS, ADMINS),
    ("POST", "/v1/editions/{edition}/close"): Right(ADMINS, ADMINS),
    ("POST", "/v1/dead-letters/replay"): Right(ADMINS, ADMINS),
}
"""The rights of every route that needs a key, by its method and path."""

_INSTEAD = {
    ENGINEER: "An engineer reads everything and changes nothing of others: ask an administrator",
    PILOT: "Do it in a world or with a device of your own, or ask whoever runs the sandbox",
    GUEST: "A guest only reads: ask whoever runs the sandbox for a pilot of your own",
}
_INSTEAD_AT = {
    ("POST", "/v1/dead-letters/replay"): "Send the messages again, corrected; an administrator can replay dead letters",
    ("GET", "/v1/alerts"): "See /v1/pilots/{pilot}/activity for your own",
    ("GET", "/v1/activity"): "See /v1/me/activity for your own",
    ("GET", "/metrics"): "See /v1/pilots/{pilot}/activity for your own counts",
    ("GET", "/v1/keys"): "See /v1/pilots/{pilot}/keys for your own",
    ("GET", "/v1/pilots"): "See /v1/me for yourself",
    ("GET", "/v1/hosts"): "See /v1/worlds for your worlds",
}


def check_complete(app: FastAPI) -> None:
    """Raise unless every route that needs a key has a right, so that none is forgotten.

    Raises
    ------
    LookupError
        Naming those without.
    """
    routes = [
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        if getattr(route.original_route, "dependencies", ())
        for method in route.methods or ()
    ]
    if missing := [route for route in routes if route not in RIGHTS]:
        raise LookupError(f"routes without a right: {missing}")


def right_of(request: Request) -> Right:
    """Return who may call the route of a request."""
    return RIGHTS[request.scope["method"], request.scope["route"].path]


def check_role(principal: Principal, request: Request) -> None:
    """Raise 403, and say what can be done instead, unless a role may call the route of a request."""
    roles = right_of(request).roles
    if principal.role not in roles:
        raise forbidden(principal, roles, (request.scope["method"], request.scope["route"].path))


def forbidden(principal: Principal, roles: frozenset[Role], route: tuple[str, str]) -> Problem:
    """Return the problem of a role that may not do something, with what it can do instead."""
    allowed = [role for role in Role if role in roles]
    instead = (
        _INSTEAD_AT.get(route, _INSTEAD.get(principal.role, "")) if principal.role is not GUEST else _INSTEAD[GUEST]
    )
    detail = f"This needs the role {' or '.join(allowed)}; the key has {principal.role}. {instead}."
    return Problem("wrong-role", detail, allowed=allowed)
