"""Calls about pilots: yourself, and for those who run the sandbox all of them."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from zenata_client.contract.activity import Activity, Alert, AuditEntry, OwnActivity, PilotActivity
from zenata_client.contract.base import Page
from zenata_client.contract.pilots import Budget, BudgetEntry, IssuedKey, Key, Me, Pilot, PilotWithKey
from zenata_client.contract.scorecards import Scorecard
from zenata_client.parameters import Moment, Names, body
from zenata_client.plan import Plan, Send, answered, collect, delete, get, items, patch, post, route


def me() -> Plan[Me]:
    """Return the pilot of the key in use, and what the key may do."""
    return (yield from get(Me, route("me")))


def my_activity() -> Plan[OwnActivity]:
    """Return your requests, devices, connections, used quotas, and what you should look at."""
    return (yield from get(OwnActivity, route("me", "activity")))


def pilots() -> Plan[list[Pilot]]:
    """Return all pilots; for engineers and administrators."""
    return (yield from collect(items(Page[Pilot], route("pilots"))))


def pilot(pilot: str) -> Plan[Pilot]:
    """Return one pilot."""
    return (yield from get(Pilot, route("pilots", pilot)))


def add_pilot(
    name: str,
    *,
    role: str = "pilot",
    contact: str = "",
    theme: str = "",
    edition: str = "",
    quotas: Mapping[str, float | None] | None = None,
    actuators: Sequence[str] = (),
    scopes: Sequence[str] = ("read", "write", "mqtt"),
    expires: Moment | None = None,
) -> Plan[PilotWithKey]:
    """Make a pilot; the key in `issued` is shown this once. For administrators.

    Parameters
    ----------
    name : str
        Also its MQTT user.
    role : str
        ``admin``, ``engineer``, ``pilot`` or ``guest``.
    contact, theme, edition : str
    quotas : dict, optional
        By name; the defaults without.
    actuators : list of str
        Devices of the shared city that it may command.
    scopes : list of str
        Rights of the key.
    expires : str, int, float, datetime or timedelta, optional
        When the key ends; never if left out.
    """
    new = {"name": name, "role": role, "contact": contact, "theme": theme, "edition": edition, "quotas": quotas}
    rest = {"actuators": actuators, "scopes": scopes, "expires": expires}
    return (yield from post(PilotWithKey, route("pilots"), body({**new, **rest})))


def change_pilot(
    pilot: str,
    *,
    contact: str | UnsetType = UNSET,
    theme: str | UnsetType = UNSET,
    edition: str | UnsetType = UNSET,
    quotas: Mapping[str, float | None] | UnsetType = UNSET,
    actuators: Sequence[str] | UnsetType = UNSET,
) -> Plan[Pilot]:
    """Change a pilot; what is left out stays. For administrators.

    Parameters
    ----------
    pilot : str
    contact, theme, edition, quotas, actuators : optional
        As in `add_pilot`; None gives a quota its default again.
    """
    change = {"contact": contact, "theme": theme, "edition": edition, "quotas": quotas, "actuators": actuators}
    return (
        yield from patch(
            Pilot, route("pilots", pilot), {name: value for name, value in change.items() if value is not UNSET}
        )
    )


def suspend_pilot(pilot: str, reason: str) -> Plan[Pilot]:
    """Make all keys of a pilot invalid and cut its connections; for engineers and administrators."""
    return (yield from post(Pilot, route("pilots", pilot, "suspend"), {"reason": reason}))


def resume_pilot(pilot: str) -> Plan[Pilot]:
    """Let a suspended pilot continue; for engineers and administrators."""
    return (yield from post(Pilot, route("pilots", pilot, "resume"), {}))


def scorecard(pilot: str, *, challenges: Sequence[str] | None = None) -> Plan[Scorecard]:
    """Return whether a pilot may go to the street: each check with its verdict and what says so.

    Parameters
    ----------
    pilot : str
    challenges : list of str, optional
        In which it has to be above the reference; those of its graded trials if left out.
    """
    names = ",".join(challenges) if challenges else None
    return (yield from get(Scorecard, route("pilots", pilot, "scorecard"), format="json", challenges=names))


def waive_check(
    pilot: str, check: str, *, name: str, reason: str, challenges: Sequence[str] | None = None
) -> Plan[Scorecard]:
    """Make an exception to a check of a scorecard; for administrators.

    Parameters
    ----------
    pilot, check : str
    name : str
        Who answers for it: a person.
    reason : str
    challenges : list of str, optional
        As `scorecard` has them.
    """
    params = {"challenges": ",".join(challenges)} if challenges else {}
    path, sent = route("pilots", pilot, "scorecard", "exceptions", check), body({"name": name, "reason": reason})
    return (
        yield from answered(Scorecard, Send(method="PUT", path=path, params=params, body=msgspec.json.encode(sent)))
    )


def withdraw_exception(pilot: str, check: str, *, challenges: Sequence[str] | None = None) -> Plan[Scorecard]:
    """Take back the exception to a check of a scorecard, which stays in the audit log; for administrators.

    Parameters
    ----------
    pilot, check : str
    challenges : list of str, optional
        As `scorecard` has them.
    """
    params = {"challenges": ",".join(challenges)} if challenges else {}
    path = route("pilots", pilot, "scorecard", "exceptions", check)
    return (yield from answered(Scorecard, Send(method="DELETE", path=path, params=params)))


def activity(pilot: str) -> Plan[Activity]:
    """Return the requests, devices, connections and used quotas of a pilot."""
    return (yield from get(Activity, route("pilots", pilot, "activity")))


def alerts(
    *,
    pilot: Names | None = None,
    theme: Names | None = None,
    edition: Names | None = None,
    severity: Names | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    limit: int | None = None,
) -> Plan[list[Alert]]:
    """Return what somebody should look at, newest first; for engineers and administrators.

    Parameters
    ----------
    pilot, theme, edition : str or list of str, optional
        Only of these.
    severity : str or list of str, optional
        ``critical``, ``warning`` or ``info``.
    start, end : str or datetime or timedelta, optional
        Those too that were open then and are cleared now.
    limit : int, optional
        At most so many.
    """
    which = {"pilot": pilot, "theme": theme, "edition": edition, "severity": severity, "start": start, "end": end}
    return (yield from collect(items(Page[Alert], route("alerts"), which, limit)))


def acknowledge_alert(alert: str) -> Plan[Alert]:
    """Note that somebody has seen an alert.

    Parameters
    ----------
    alert : str
        Its id.
    """
    return (yield from post(Alert, route("alerts", alert, "acknowledge"), {}))


def all_activity(
    *,
    pilot: Names | None = None,
    theme: Names | None = None,
    edition: Names | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
) -> Plan[list[PilotActivity]]:
    """Return what every pilot does, with its requests by hour; for engineers and administrators.

    Parameters
    ----------
    pilot, theme, edition : str or list of str, optional
        Only of these.
    start, end : str or datetime or timedelta, optional
        Of the hours; the last day if left out.
    """
    which = {"pilot": pilot, "theme": theme, "edition": edition, "start": start, "end": end}
    return (yield from collect(items(Page[PilotActivity], route("activity"), which)))


def audit(*, who: str | None = None, limit: int | None = None) -> Plan[list[AuditEntry]]:
    """Return who did what, newest first; a pilot sees what it did itself.

    Parameters
    ----------
    who : str, optional
        Only what this pilot did.
    limit : int, optional
        At most so many.
    """
    return (yield from collect(items(Page[AuditEntry], route("audit"), {"who": who}, limit)))


def keys(pilot: str) -> Plan[list[Key]]:
    """Return the keys of a pilot, newest first, without their secrets."""
    return (yield from collect(items(Page[Key], route("pilots", pilot, "keys"))))


def find_keys(prefix: str) -> Plan[list[Key]]:
    """Return the keys that begin so, of any pilot; for engineers and administrators."""
    return (yield from collect(items(Page[Key], route("keys"), {"prefix": prefix})))


def add_key(
    pilot: str,
    name: str,
    *,
    scopes: Sequence[str] = ("read", "write", "mqtt"),
    expires: Moment | None = None,
) -> Plan[IssuedKey]:
    """Make another key of a pilot; its `key` is shown this once.

    Parameters
    ----------
    pilot, name : str
    scopes : list of str
    expires : str, int, float, datetime or timedelta, optional
        When it ends; never if left out.
    """
    new = {"name": name, "scopes": scopes, "expires": expires}
    return (yield from post(IssuedKey, route("pilots", pilot, "keys"), body(new)))


def rotate_key(pilot: str, name: str) -> Plan[IssuedKey]:
    """Replace a key by another, which is shown this once; the old one is invalid from now on."""
    return (yield from post(IssuedKey, route("pilots", pilot, "keys", name, "rotate"), {}))


def revoke_key(pilot: str, name: str) -> Plan[None]:
    """Make a key invalid, and cut its connections."""
    yield from delete(route("pilots", pilot, "keys", name))


def budget(pilot: str) -> Plan[Budget]:
    """Return what a pilot was granted and has spent [DH]."""
    return (yield from get(Budget, route("pilots", pilot, "budget")))


def enter_budget(pilot: str, amount: float, date: str, *, note: str = "") -> Plan[BudgetEntry]:
    """Enter a grant, or below zero an expense [DH]; for administrators.

    Parameters
    ----------
    pilot : str
    amount : float
        [DH]
    date : str
        Day, as ``2026-11-23``.
    note : str
    """
    return (
        yield from post(BudgetEntry, route("pilots", pilot, "budget"), {"amount": amount, "date": date, "note": note})
    )
