"""Monitoring of pilots: their activity, and alerts on what somebody should look at."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from api.http.answers import document
from api.http.context import Context
from api.pilots.activity import HOUR
from api.pilots.alerts import Finding
from api.webhooks.webhook import MAX_SENSORS, MAX_WAITING
from zenata.broker.monitor import Connection
from zenata.city.clock import WallClock, format_time, time_of
from zenata.city.sentences import english, recognise
from zenata.contract.activity import Activity, DeadLetterActivity, DeviceActivity, Incident, QuotaUse, RequestActivity
from zenata.contract.activity import Connection as ConnectionDocument
from zenata.control.audit import (
    BROKER_CUT_OFF,
    BROKER_LOST,
    BROKER_REFUSED,
    BROKER_REMOVED,
    WEBHOOK_DROPPED,
    WEBHOOK_FULL,
    WEBHOOK_LATE,
    AuditEntry,
)
from zenata.control.keys import Role
from zenata.control.pilot import Pilot
from zenata.errors import BrokerError
from zenata.store.dead_letters import DeadLetter

log = logging.getLogger(__name__)

Connected = Mapping[str, Sequence[Connection]]
"""Connections by pilot."""

_Kind = Literal["cut-off", "lost", "refused", "removed", "late", "dropped", "full"]

_BROKER = "broker"  # who an audit entry is by, of a client that showed no key
_KINDS: dict[str, _Kind] = {
    BROKER_CUT_OFF: "cut-off",
    BROKER_LOST: "lost",
    BROKER_REFUSED: "refused",
    BROKER_REMOVED: "removed",
    WEBHOOK_LATE: "late",
    WEBHOOK_DROPPED: "dropped",
    WEBHOOK_FULL: "full",
}
_OF_WEBHOOKS = {"late", "dropped", "full"}
_USERS = {Role.PILOT, Role.GUEST}
_FOUND = "findings"  # the subject by which servers tell one another of them
_INCIDENTS = 200  # newest that are looked at
_DEAD_LETTERS = 1000  # newest dead letters that are looked at
_SHOWN = 100  # silent devices that are named
_ENOUGH, _MOST_WRONG = 20, 0.5  # requests, and the share of wrong ones, from which on somebody should look
_NEARLY = 0.9  # of a quota
_FULL = 0.5  # of the broker's disk: what fills it is a session that nobody resumes, and takes days


def connected(context: Context) -> Connected | None:
    """Return who is connected to the broker by pilot; None where it has no monitoring."""
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


def activity(context: Context, pilot: Pilot, connected: Connected | None) -> Activity:
    """Return what a pilot does, as far as this process knows; counts of requests are since it started."""
    now = WallClock().now()
    dead_letters, devices = _dead_letters(context, pilot, now), context.devices.devices(pilot.name)
    states = [device.state(now) for device in devices]
    last = max((device.seen for device in devices if device.seen is not None), default=None)
    return Activity(
        pilot=pilot.name,
        suspended=pilot.suspended is not None,
        requests=document(RequestActivity, context.activity.of(pilot.name)),
        sockets=context.sockets[pilot.name],
        broker=[_incident(context, pilot, entry) for entry in incidents(context, pilot)],
        mqtt=None
        if connected is None
        else [document(ConnectionDocument, one, sent=one.messages) for one in connected.get(pilot.name, ())],
        devices=DeviceActivity(
            count=len(devices),
            online=states.count("online"),
            new=states.count("new"),
            offline=states.count("offline"),
            silent=[one.id for one, state in zip(devices, states, strict=True) if state == "offline"][:_SHOWN],
            messages=sum(device.messages for device in devices),
            readings=sum(device.readings for device in devices),
            last=None if last is None else time_of(last),
        ),
        dead_letters=DeadLetterActivity(
            last_hour=len(dead_letters),
            more=len(dead_letters) == _DEAD_LETTERS,
            newest=f"{dead_letters[0].code}: {dead_letters[0].reason}" if dead_letters else None,
        ),
        quotas=[_quota(context, pilot, *quota) for quota in _used(context, pilot)],
    )


def findings(context: Context) -> list[Finding]:
    """Return what somebody should look at, of all pilots, also what other servers have found; they are told what was here."""
    found = list(_all_findings(context))
    if context.peers is None:
        return found
    context.peers.notes[_FOUND] = [msgspec.to_builtins(one) for one in found]
    return [*_of_peers(context), *found]


def own_findings(context: Context, pilot: Pilot) -> list[Finding]:
    """Return what a pilot should look at itself."""
    found = [one for one in _stalled(context) if one.pilot == pilot.name]
    found += _findings(pilot, activity(context, pilot, None))
    return [*(one for one in _of_peers(context) if one.pilot == pilot.name and one.kind != "suspended"), *found]


def _of_peers(context: Context) -> list[Finding]:
    """Return what other servers found at their last look."""
    noted = context.peers.noted(_FOUND) if context.peers else ()
    return [msgspec.convert(one, Finding) for found in noted for one in found]


def _all_findings(context: Context) -> Iterator[Finding]:
    """Return what this process finds."""
    for address, wait in context.guard.locked.items():
        detail = english("locked-out", address=address, seconds=f"{wait:.0f}")
        yield _finding(None, "locked-out", detail, address)
    for reason in context.ready():
        yield _finding(None, "not-ready", reason, reason)
    yield from _stalled(context)
    since = WallClock().now() - HOUR
    for entry in context.audit.entries(who=_BROKER, what=(BROKER_LOST,), since=since, limit=_INCIDENTS):
        yield _finding(None, "lost", _sentence(entry, show_client=False), str(entry.id))
    for entry in _unclaimed(context):
        sentence = _sentence(entry, show_client=True)
        yield _finding(None, "refused", sentence, sentence)
    if (filled := _filled(context)) > _FULL:
        yield _finding(None, "broker-filling", english("broker-filling", share=f"{filled:.0%}"))
    for pilot in context.register.pilots():
        if pilot.suspended is not None:
            detail = english("suspended", time=format_time(pilot.suspended), reason=pilot.reason)
            yield _finding(pilot, "suspended", detail)
            continue
        yield from _findings(pilot, activity(context, pilot, None))


def _stalled(context: Context) -> Iterator[Finding]:
    """Return the private worlds whose readings are not stored, or that do not run as they should."""
    owners = context.worlds.owners()
    for world, problem in context.stalled().items():
        if world != context.world:
            yield Finding(pilot=owners.get(world), kind="not-stored", detail=problem, subject=world)


def incidents(context: Context, pilot: Pilot) -> Iterator[AuditEntry]:
    """Return what the broker did to a pilot or its clients in the last hour, newest first.

    A client that was refused before it showed a key is anybody's: it is of the pilots that have used its address. What the
    broker has lost may be of all that have devices.
    """
    since = WallClock().now() - HOUR
    addresses = context.activity.of(pilot.name).addresses
    # Each in a query of its own: what happens to one pilot, however often, is to hide nothing of another's.
    own, others = (
        context.audit.entries(who=who, what=tuple(_KINDS), since=since, limit=_INCIDENTS)
        for who in (pilot.name, _BROKER)
    )
    for entry in sorted((*own, *others), key=lambda one: -one.id):
        if (
            entry.who == pilot.name
            or entry.detail.get("address") in addresses
            or (entry.what == BROKER_LOST and context.devices.devices(pilot.name))
        ):
            yield entry


def _unclaimed(context: Context) -> Iterator[AuditEntry]:
    """Return clients that the broker refused before they showed a key, and whose address no pilot has used."""
    since = WallClock().now() - HOUR
    for entry in context.audit.entries(who=_BROKER, what=(BROKER_REFUSED,), since=since, limit=_INCIDENTS):
        if not _pilots_at(context, entry.detail.get("address", "")):
            yield entry


def _pilots_at(context: Context, address: str) -> set[str]:
    """Return the pilots that have used an address, but for those who run the sandbox."""
    found = context.activity.pilots_at(address)
    return {one.name for one in context.register.pilots() if one.name in found and one.role in _USERS}


def _incident(context: Context, pilot: Pilot, entry: AuditEntry) -> Incident:
    """Return what the broker did; the id of a client only to the one pilot whose it can be."""
    own = entry.who == pilot.name or (
        entry.what == BROKER_REFUSED and _pilots_at(context, entry.detail["address"]) <= {pilot.name}
    )
    return Incident(time=time_of(entry.time), kind=_KINDS[entry.what], detail=_sentence(entry, show_client=own))


def _sentence(entry: AuditEntry, *, show_client: bool) -> str:
    detail = entry.detail
    if entry.what == BROKER_CUT_OFF:
        return english("cut-off", pilot=entry.who, seconds=f"{detail['seconds']:.0f}", reason=detail["reason"])
    if entry.what == BROKER_LOST:
        time = format_time(entry.time)
        if "messages" not in detail:
            return english("lost", time=time)
        return english("lost-some", messages=f"{detail['messages']:,}", time=time)
    if entry.what == BROKER_REMOVED:
        counts = {name: f"{detail[name]:,}" for name in ("count", "allowed")}
        return english("removed", owner=entry.target, **counts)
    if entry.what in (WEBHOOK_LATE, WEBHOOK_DROPPED, WEBHOOK_FULL):
        return _webhook_sentence(entry)
    refusal = {"address": detail["address"], "reason": detail["reason"]}
    if show_client and entry.target:
        return english("refused-client", client=repr(entry.target), **refusal)
    return english("refused", **refusal)


def _webhook_sentence(entry: AuditEntry) -> str:
    detail, webhook = entry.detail, entry.detail["name"] or entry.target
    if entry.what == WEBHOOK_DROPPED:
        return english("dropped", webhook=webhook, count=f"{detail['deliveries']:,}", allowed=f"{MAX_WAITING:,}")
    if entry.what == WEBHOOK_FULL:
        return english("full", webhook=webhook, count=f"{detail['sensors']:,}", allowed=f"{MAX_SENSORS:,}")
    times = {name: detail[name] for name in ("oldest", "newest")}
    return english("late", webhook=webhook, count=f"{detail['readings']:,}", **times)


def _subject(incident: Incident) -> str:
    """Return what tells an incident from others: of what a webhook does not do, again and again, its name."""
    found = recognise(incident.detail) if incident.kind in _OF_WEBHOOKS else None
    return f"{incident.kind} {found[1]['webhook']}" if found else incident.detail


def _findings(pilot: Pilot, seen: Activity) -> Iterator[Finding]:
    requests, devices, dead_letters = seen.requests, seen.devices, seen.dead_letters
    for subject, incident in {_subject(one): one for one in reversed(seen.broker)}.items():
        yield _finding(pilot, incident.kind, incident.detail, subject)
    if devices.offline:
        detail = english("devices-silent", count=str(devices.offline), devices=", ".join(devices.silent))
        yield _finding(pilot, "devices-silent", detail)
    if dead_letters.last_hour:
        code, _, reason = (dead_letters.newest or "").partition(": ")
        sentence = "dead-letters-more" if dead_letters.more else "dead-letters"
        detail = english(sentence, count=str(dead_letters.last_hour), code=code, reason=reason)
        yield _finding(pilot, "dead-letters", detail)
    if requests.failed:
        yield _finding(pilot, "failed", english("failed", count=str(requests.failed)))
    if requests.answered >= _ENOUGH and requests.wrong > requests.answered * _MOST_WRONG:
        yield _finding(pilot, "wrong", english("wrong", wrong=str(requests.wrong), answered=str(requests.answered)))
    for quota in seen.quotas:
        limit = f"{quota.limit:,}"
        if quota.refused_last_hour:
            yield _finding(pilot, "over-quota", english("over-quota", quota=quota.name, limit=limit), quota.name)
        elif quota.limit and quota.used > quota.limit * _NEARLY:
            detail = english("nearly-over", used=f"{quota.used:,}", quota=quota.name, limit=limit)
            yield _finding(pilot, "nearly-over", detail, quota.name)


def _used(context: Context, pilot: Pilot) -> Iterator[tuple[str, float]]:
    quotas = context.register.quotas(pilot.name)
    yield "requests_per_minute", round(context.guard.used(pilot.name) * quotas.requests_per_minute)
    yield "points_per_day", context.telemetry.points(pilot.name)
    yield "worlds", list(context.worlds.owners().values()).count(pilot.name)
    yield "storage", context.exports.size(pilot.name)


def _quota(context: Context, pilot: Pilot, name: str, used: float) -> QuotaUse:
    refused, last = context.activity.of(pilot.name).over.get(name, (0, 0))
    recent = last > WallClock().now() - HOUR
    limit = getattr(context.register.quotas(pilot.name), name)
    return QuotaUse(name=name, limit=limit, used=used, refused=refused, refused_last_hour=recent)


def _dead_letters(context: Context, pilot: Pilot, now: int) -> list[DeadLetter]:
    worlds = [f"{world}/" for world, owner in context.worlds.owners().items() if owner == pilot.name]
    newest = context.store.dead_letters(topics=[f"pilots/{pilot.name}/", *worlds], limit=_DEAD_LETTERS)
    return [dead_letter for dead_letter in newest if dead_letter.received > now - HOUR]


def _filled(context: Context) -> float:
    """Return how much of its disk the broker uses, 0 to 1; 0 where it has no monitoring."""
    try:
        return context.monitor.disk_usage() if context.monitor else 0.0
    except BrokerError as error:
        log.warning("%s", error)
        return 0.0


def _finding(pilot: Pilot | None, kind: str, detail: str, subject: str = "") -> Finding:
    return Finding(pilot=pilot.name if pilot else None, kind=kind, detail=detail, subject=subject)
