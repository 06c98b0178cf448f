"""Webhooks and deliveries; plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from zenata.errors import ReasonError

MAX_WEBHOOKS = 20
"""Webhooks of one pilot. A default, not a measured limit."""

MAX_SENSORS = 50_000
"""Sensors that the conditions of one pilot look at, each counted once for every webhook. A default: each takes up to some 500 bytes of
memory, and a row."""

AT_ONCE = 8
"""Deliveries of one webhook under way at once. A default."""

AT_ONCE_OF_PILOT = 32
"""Deliveries of one pilot under way at once, by one process: the end of each is a commit, which those of others wait for. A default."""

MAX_WAITING = 1000
"""Deliveries of one webhook that wait; what comes on top is written into the log as dropped. A default."""

MAX_LOGGED = 10_000
"""The most deliveries of one webhook that are remembered once they wait no longer. A default."""

MAX_DROPPED = 1000
"""Dropped deliveries in the log of one webhook; the newest stay. A default."""


class WebhookError(ReasonError):
    """A webhook cannot be made or changed as requested.

    Reasons: ``limit``: there are too many; ``unknown``: there is no such webhook; ``delivery``: it has no such delivery;
    ``off``: it is switched off.
    """


class Status(StrEnum):
    """Outcome of a delivery: it waits, arrived, was given up, or was dropped."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """An address that gets deliveries when a condition begins or ends to hold.

    Parameters
    ----------
    id, pilot : str
        Its word, and whose it is.
    name : str
        For a person.
    url : str
        Where deliveries go.
    world : str
        What it looks at.
    condition : mapping
        What it waits for, as `zenata.contract.webhooks` has it.
    secret : str
        What signs deliveries. It cannot be a hash: we have to sign with it.
    made, begun : int
        When it was made, and when its condition was last restarted [us since the Unix epoch].
    enabled : bool
    reason : str
        Why it is not, where we switched it off.
    seen : int or None
        The observation time up to which its condition has been looked at [us].
    failing : int or None
        Since when no delivery has arrived, though there were attempts [us].
    """

    id: str
    pilot: str
    name: str
    url: str
    world: str
    condition: Mapping[str, Any]
    secret: str
    made: int
    begun: int
    enabled: bool = True
    reason: str = ""
    seen: int | None = None
    failing: int | None = None


class Phase(IntEnum):
    """How a condition is: it does not hold, holds but not yet for long enough, or holds."""

    CLEAR = 0
    PENDING = 1
    FIRING = 2


NEVER = -(2**63)
"""Before all times [us]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """State of a webhook's condition for one sensor or event, stored over a restart.

    Parameters
    ----------
    phase : Phase
    since : int
        When it began; of an event, its start [us].
    time : int
        Of the newest reading taken in; of an event, its end [us].
    about : str
        The event as JSON, delivered once more when it ends; of a threshold its newest deliveries, as
        `api.webhooks.edges` has them.
    """

    phase: Phase = Phase.CLEAR
    since: int = NEVER
    time: int = NEVER
    about: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A message to the address of a webhook.

    Parameters
    ----------
    id : str
        The same at every attempt. What happened gives it, so that what is recorded twice is delivered once.
    webhook, type : str
    made : int
        [us since the Unix epoch]
    body : str
        JSON.
    status : Status
    attempts : int
        How many there were.
    due : int or None
        When the next one is [us]; None if there is none.
    tried : int or None
        When the last one was [us].
    took : float or None
        How long it took [s].
    code : int or None
        HTTP status of its answer.
    error : str
        What went wrong at it.
    subject : str
        The sensor or event that it is about. Deliveries of one webhook and subject arrive in order; one without a subject
        neither waits for others nor holds them up.
    """

    id: str
    webhook: str
    type: str
    made: int
    body: str
    status: Status = Status.PENDING
    attempts: int = 0
    due: int | None = None
    tried: int | None = None
    took: float | None = None
    code: int | None = None
    error: str = ""
    subject: str = ""
