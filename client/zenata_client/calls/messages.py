"""Calls about what became of messages: the ledger and dead letters."""

from zenata_client.contract.base import Page
from zenata_client.contract.messages import DeadLetter, Ledger, ReplayResult, SensorAccount
from zenata_client.plan import Plan, collect, get, items, post, route


def ledger() -> Plan[Ledger]:
    """Return what became of every message, by world: published = stored + rejected + in flight + missing."""
    return (yield from get(Ledger, route("ledger")))


def accounts(world: str, *, all: bool = False) -> Plan[list[SensorAccount]]:  # noqa: A002 - the API's word
    """Return what became of each sensor's messages in a world, and which numbers are missing.

    Parameters
    ----------
    world : str
    all : bool
        Every sensor, rather than those with messages rejected, missing or repeated.
    """
    return (yield from collect(items(Page[SensorAccount], route("ledger", world), {"all": all})))


def dead_letters(
    *, world: str | None = None, payload: bool = False, limit: int | None = None
) -> Plan[list[DeadLetter]]:
    """Return messages that could not become readings, newest first, with the reason.

    Parameters
    ----------
    world : str, optional
        Only of this one.
    payload : bool
        Also what each message had in it.
    limit : int, optional
        At most so many.
    """
    size = 1000 if limit is None else max(min(limit, 1000), 1)
    params = {"world": world, "payload": payload, "limit": size}
    return (yield from collect(items(Page[DeadLetter], route("dead-letters"), params, limit)))


def replay_dead_letters() -> Plan[ReplayResult]:
    """Decode every dead letter again, after a fix; for engineers and administrators."""
    return (yield from post(ReplayResult, route("dead-letters", "replay"), {}, timeout=660.0))
