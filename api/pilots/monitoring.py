"""What can be seen of a pilot: what it asks and sends, what fails, and what somebody should look at."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from api.http.context import Context
from zenata.broker.monitor import Connection
from zenata.city.clock import SECOND, WallClock, format_time
from zenata.control.device import Device
from zenata.control.pilot import Pilot
from zenata.errors import BrokerError
from zenata.store.dead_letters import DeadLetter

log = logging.getLogger(__name__)

HOUR = 3600 * SECOND

Connected = Mapping[str, Sequence[Connection]]
"""Connections by pilot."""

_LETTERS = 1000  # newest dead letters that are looked at
_SHOWN = 100  # silent devices that are named
_ENOUGH, _MOST_WRONG = 20, 0.5  # requests, and the share of wrong ones, from which on somebody should look
_NEARLY = 0.9  # of a quota
_FULL = 0.5  # of the broker's disk: what fills it is a session that nobody resumes, and takes days


def connected(context: Context) -> Connected | None:
    """Return who is connected to the broker by pilot; None if it does not tell."""
    if context.monitor is None:
        return None
    try:
        found = context.monitor.connections()
    except BrokerError as error:
        log.warning("%s", error)
        return None
    pilots = {user.name: user.pilot for user in context.register.users()}
    by_pilot = defaultdict[str, list[Connection]](list)
    for one in found:
        by_pilot[pilots.get(one.user, "")].append(one)
    return by_pilot


def activity(context: Context, pilot: Pilot, connected: Connected | None) -> dict[str, Any]:
    """Return what a pilot does, as far as this process knows; counts of requests are since it started."""
    now = WallClock().now()
    requests, letters = context.activity.of(pilot.name), _letters(context, pilot, now)
    devices = context.devices.devices(pilot.name)
    states = [device.state(now) for device in devices]
    return {
        "pilot": pilot.name,
        "suspended": pilot.suspended is not None,
        "requests": {
            "open": requests.open,
            "answered": requests.answered,
            "wrong": requests.wrong,
            "failed": requests.failed,
            "p95": requests.p95,
            "last": None if requests.last is None else format_time(requests.last),
        },
        "sockets": context.sockets[pilot.name],
        "mqtt": None if connected is None else [_connection(one) for one in connected.get(pilot.name, ())],
        "devices": {
            "count": len(devices),
            "online": states.count("online"),
            "new": states.count("new"),
            "offline": states.count("offline"),
            "silent": [one.id for one, state in zip(devices, states, strict=True) if state == "offline"][:_SHOWN],
            "messages": sum(device.messages for device in devices),
            "readings": sum(device.readings for device in devices),
            "last": _last(devices),
        },
        "dead_letters": {
            "last_hour": len(letters),
            "more": len(letters) == _LETTERS,
            "newest": f"{letters[0].code}: {letters[0].reason}" if letters else None,
        },
        "quotas": [_quota(context, pilot, *quota) for quota in _used(context, pilot)],
    }


def alerts(context: Context) -> Iterator[dict[str, Any]]:
    """Return what somebody should look at, of all pilots."""
    for address, wait in context.guard.locked.items():
        yield _alert(
            None, "locked-out", f"{address} showed too many wrong keys; it is locked out for {wait:.0f} s more"
        )
    if (filled := _filled(context)) > _FULL:
        detail = f"the broker uses {filled:.0%} of the disk it may; full, it lets nobody connect (docs/operations.md)"
        yield _alert(None, "broker-filling", detail)
    for pilot in context.register.pilots():
        if pilot.suspended is not None:
            yield _alert(pilot, "suspended", f"suspended since {format_time(pilot.suspended)}: {pilot.reason}")
            continue
        yield from _alerts(pilot, activity(context, pilot, None))


def _alerts(pilot: Pilot, seen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    requests, devices, letters = seen["requests"], seen["devices"], seen["dead_letters"]
    if devices["offline"]:
        yield _alert(
            pilot, "devices-silent", f"{devices['offline']} devices are silent: {', '.join(devices['silent'])}"
        )
    if letters["last_hour"]:
        count = f"{letters['last_hour']}{' or more' if letters['more'] else ''}"
        yield _alert(pilot, "dead-letters", f"{count} dead letters in the last hour, the newest {letters['newest']}")
    if requests["failed"]:
        yield _alert(pilot, "failed", f"{requests['failed']} requests failed on our side; the log of the API says why")
    if requests["answered"] >= _ENOUGH and requests["wrong"] > requests["answered"] * _MOST_WRONG:
        yield _alert(pilot, "wrong", f"{requests['wrong']} of {requests['answered']} requests were wrong")
    for quota in seen["quotas"]:
        if quota["refused_last_hour"]:
            yield _alert(pilot, "over-quota", f"refused for the quota {quota['name']}, which is {quota['limit']:,}")
        elif quota["limit"] and quota["used"] > quota["limit"] * _NEARLY:
            yield _alert(pilot, "nearly-over", f"{quota['used']:,} of the quota {quota['name']}, {quota['limit']:,}")


def _used(context: Context, pilot: Pilot) -> Iterator[tuple[str, float]]:
    quotas = context.register.quotas(pilot.name)
    yield "requests_per_minute", round(context.guard.used(pilot.name) * quotas.requests_per_minute)
    yield "points_per_day", context.telemetry.points(pilot.name)
    yield "worlds", list(context.worlds.owners().values()).count(pilot.name)
    yield "storage", context.exports.size(pilot.name)


def _quota(context: Context, pilot: Pilot, name: str, used: float) -> dict[str, Any]:
    refused, last = context.activity.of(pilot.name).over.get(name, (0, 0))
    recent = last > WallClock().now() - HOUR
    limit = getattr(context.register.quotas(pilot.name), name)
    return {"name": name, "limit": limit, "used": used, "refused": refused, "refused_last_hour": recent}


def _letters(context: Context, pilot: Pilot, now: int) -> list[DeadLetter]:
    worlds = [f"{world}/" for world, owner in context.worlds.owners().items() if owner == pilot.name]
    newest = context.store.dead_letters(topics=[f"pilots/{pilot.name}/", *worlds], limit=_LETTERS)
    return [letter for letter in newest if letter.received > now - HOUR]


def _filled(context: Context) -> float:
    """Return how much of its disk the broker uses, 0 to 1; 0 where it does not tell."""
    try:
        return context.monitor.disk_usage() if context.monitor else 0.0
    except BrokerError as error:
        log.warning("%s", error)
        return 0.0


def _connection(one: Connection) -> dict[str, Any]:
    return asdict(one) | {"since": format_time(one.since)}


def _last(devices: list[Device]) -> str | None:
    seen = max((device.seen for device in devices if device.seen is not None), default=None)
    return None if seen is None else format_time(seen)


def _alert(pilot: Pilot | None, kind: str, detail: str) -> dict[str, Any]:
    return {"pilot": pilot.name if pilot else None, "kind": kind, "detail": detail}
