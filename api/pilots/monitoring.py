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
from zenata.broker.monitor import Connection
from zenata.city.clock import WallClock, format_time, time_of
from zenata.contract.activity import Activity, DeadLetterActivity, DeviceActivity, Incident, QuotaUse, RequestActivity
from zenata.contract.activity import Connection as ConnectionDocument
from zenata.control.audit import BROKER_CUT_OFF, BROKER_LOST, BROKER_REFUSED, BROKER_REMOVED, AuditEntry
from zenata.control.keys import Role
from zenata.control.pilot import Pilot
from zenata.errors import BrokerError
from zenata.store.dead_letters import DeadLetter

log = logging.getLogger(__name__)

Connected = Mapping[str, Sequence[Connection]]
"""Connections by pilot."""

_BROKER = "broker"  # who an audit entry is by, of a client that showed no key
_KINDS: dict[str, Literal["cut-off", "lost", "refused", "removed"]] = {
    BROKER_CUT_OFF: "cut-off",
    BROKER_LOST: "lost",
    BROKER_REFUSED: "refused",
    BROKER_REMOVED: "removed",
}
_USERS = {Role.PILOT, Role.GUEST}
_FOUND = "findings"  # the subject by which servers tell one another of them
_INCIDENTS = 200  # newest that are looked at
_LETTERS = 1000  # newest dead letters that are looked at
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
    letters, devices = _letters(context, pilot, now), context.devices.devices(pilot.name)
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
        else [document(ConnectionDocument, one) for one in connected.get(pilot.name, ())],
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
            last_hour=len(letters),
            more=len(letters) == _LETTERS,
            newest=f"{letters[0].code}: {letters[0].reason}" if letters else None,
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
    found = list(_findings(pilot, activity(context, pilot, None)))
    return [*(one for one in _of_peers(context) if one.pilot == pilot.name and one.kind != "suspended"), *found]


def _of_peers(context: Context) -> list[Finding]:
    """Return what other servers found at their last look."""
    noted = context.peers.noted(_FOUND) if context.peers else ()
    return [msgspec.convert(one, Finding) for found in noted for one in found]


def _all_findings(context: Context) -> Iterator[Finding]:
    """Return what this process finds."""
    for address, wait in context.guard.locked.items():
        detail = f"{address} showed too many wrong keys; it is locked out for {wait:.0f} s more"
        yield _finding(None, "locked-out", detail, address)
    for reason in context.ready():
        yield _finding(None, "not-ready", reason, reason)
    owners = context.worlds.owners()
    for world, problem in context.stalled().items():
        if world != context.world:
            yield Finding(pilot=owners.get(world), kind="not-stored", detail=problem, subject=world)
    since = WallClock().now() - HOUR
    for entry in context.audit.entries(who=_BROKER, what=(BROKER_LOST,), since=since, limit=_INCIDENTS):
        yield _finding(None, "lost", _sentence(entry, show_client=False), str(entry.id))
    for entry in _unclaimed(context):
        sentence = _sentence(entry, show_client=True)
        yield _finding(None, "refused", sentence, sentence)
    if (filled := _filled(context)) > _FULL:
        detail = f"the broker uses {filled:.0%} of the disk it may; full, it lets nobody connect (docs/operations.md)"
        yield _finding(None, "broker-filling", detail)
    for pilot in context.register.pilots():
        if pilot.suspended is not None:
            yield _finding(pilot, "suspended", f"suspended since {format_time(pilot.suspended)}: {pilot.reason}")
            continue
        yield from _findings(pilot, activity(context, pilot, None))


def incidents(context: Context, pilot: Pilot) -> Iterator[AuditEntry]:
    """Return what the broker did to a pilot or its clients in the last hour, newest first.

    A client that was refused before it showed a key is anybody's: it is of the pilots that have used its address. What the
    broker has lost may be of all that have devices.
    """
    since = WallClock().now() - HOUR
    whats = (BROKER_CUT_OFF, BROKER_LOST, BROKER_REFUSED, BROKER_REMOVED)
    entries = context.audit.entries(what=whats, since=since, limit=_INCIDENTS)
    addresses = context.activity.of(pilot.name).addresses
    for entry in entries:
        if (
            entry.who == pilot.name
            or (entry.who == _BROKER and entry.detail.get("address") in addresses)
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
        return f"the broker was closed to {entry.who} for {detail['seconds']:.0f} s: {detail['reason']}"
    if entry.what == BROKER_LOST:
        count = f"some {detail['messages']:,} messages" if "messages" in detail else "messages that waited for ingest"
        return (
            f"the broker lost {count} at {format_time(entry.time)}, as its files were damaged: the ledger names those of "
            "worlds; what devices sent over MQTT just before may have to be sent again"
        )
    if entry.what == BROKER_REMOVED:
        return (
            f"{detail['count']:,} retained messages of {entry.target} were removed, as {detail['allowed']:,} are allowed: "
            "publish without retain, or on fewer topics"
        )
    client = f"the MQTT client {entry.target!r}" if show_client and entry.target else "an MQTT client"
    return f"{client} at {detail['address']} was refused: {detail['reason']}"


def _findings(pilot: Pilot, seen: Activity) -> Iterator[Finding]:
    requests, devices, letters = seen.requests, seen.devices, seen.dead_letters
    for incident in {one.detail: one for one in reversed(seen.broker)}.values():
        yield _finding(pilot, incident.kind, incident.detail, incident.detail)
    if devices.offline:
        yield _finding(pilot, "devices-silent", f"silent devices: {devices.offline} ({', '.join(devices.silent)})")
    if letters.last_hour:
        count = f"{letters.last_hour}{' or more' if letters.more else ''}"
        yield _finding(pilot, "dead-letters", f"dead letters in the last hour: {count}; the newest: {letters.newest}")
    if requests.failed:
        yield _finding(
            pilot, "failed", f"requests that failed on our side: {requests.failed}; the log of the API says why"
        )
    if requests.answered >= _ENOUGH and requests.wrong > requests.answered * _MOST_WRONG:
        yield _finding(pilot, "wrong", f"{requests.wrong} of {requests.answered} requests were wrong")
    for quota in seen.quotas:
        if quota.refused_last_hour:
            yield _finding(
                pilot, "over-quota", f"refused for the quota {quota.name}, which is {quota.limit:,}", quota.name
            )
        elif quota.limit and quota.used > quota.limit * _NEARLY:
            yield _finding(
                pilot, "nearly-over", f"{quota.used:,} of the quota {quota.name}, {quota.limit:,}", quota.name
            )


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


def _letters(context: Context, pilot: Pilot, now: int) -> list[DeadLetter]:
    worlds = [f"{world}/" for world, owner in context.worlds.owners().items() if owner == pilot.name]
    newest = context.store.dead_letters(topics=[f"pilots/{pilot.name}/", *worlds], limit=_LETTERS)
    return [letter for letter in newest if letter.received > now - HOUR]


def _filled(context: Context) -> float:
    """Return how much of its disk the broker uses, 0 to 1; 0 where it has no monitoring."""
    try:
        return context.monitor.disk_usage() if context.monitor else 0.0
    except BrokerError as error:
        log.warning("%s", error)
        return 0.0


def _finding(pilot: Pilot | None, kind: str, detail: str, subject: str = "") -> Finding:
    return Finding(pilot=pilot.name if pilot else None, kind=kind, detail=detail, subject=subject)
