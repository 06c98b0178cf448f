"""Activity of pilots: requests, devices, quotas, alerts and the audit log."""

from typing import Literal

from .base import Document, JsonObject, Time, Titles
from .pilots import Role
from .webhooks import Severity


class AuditEntry(Document, frozen=True, kw_only=True):
    """A line of the audit log.

    Parameters
    ----------
    time : datetime
    who, what, target : str
        Who did what to what.
    detail : dict
    """

    time: Time
    who: str
    what: str
    target: str
    detail: JsonObject


class RequestActivity(Document, frozen=True, kw_only=True):
    """Requests of a pilot since the process started.

    Parameters
    ----------
    open, answered, wrong, failed : int
        Those under way, answered, refused (4xx) and failed (5xx).
    p95 : float or None
        95th percentile of the time to the first byte of the newest answers [s].
    last : datetime or None
    """

    open: int
    answered: int
    wrong: int
    failed: int
    p95: float | None
    last: Time | None


class DeviceActivity(Document, frozen=True, kw_only=True):
    """The devices of a pilot.

    Parameters
    ----------
    count, online, new, offline : int
    silent : list of str
        Devices that are offline.
    messages, readings : int
    last : datetime or None
        When one of them last sent something.
    """

    count: int
    online: int
    new: int
    offline: int
    silent: list[str]
    messages: int
    readings: int
    last: Time | None


class DeadLetterActivity(Document, frozen=True, kw_only=True):
    """Dead letters of a pilot.

    Parameters
    ----------
    last_hour : int
    more : bool
        Whether there are more than were counted.
    newest : str or None
        Code and reason of the newest one.
    """

    last_hour: int
    more: bool
    newest: str | None


class QuotaUse(Document, frozen=True, kw_only=True):
    """Use of a quota.

    Parameters
    ----------
    refused : int
        How often something was refused for it.
    refused_last_hour : bool
    """

    name: str
    limit: float
    used: float
    refused: int
    refused_last_hour: bool


class Connection(Document, frozen=True, kw_only=True):
    """A client that is connected to the broker.

    Parameters
    ----------
    user : str
    client : str
        MQTT client id.
    address : str
    since : datetime
    sent : int
        Messages.
    """

    user: str
    client: str
    address: str
    since: Time
    sent: int


class Incident(Document, frozen=True, kw_only=True):
    """Something of the last hour: what the broker did to a pilot far beyond its quota, to its clients or to messages, or what its webhooks did not do."""

    time: Time
    kind: Literal["cut-off", "lost", "refused", "removed", "late", "dropped", "full"]
    detail: str


class Activity(Document, frozen=True, kw_only=True):
    """Activity of a pilot.

    Parameters
    ----------
    sockets : int
        Open WebSockets.
    broker : list of Incident
    mqtt : list of Connection or None
        Null where the broker does not report its connections.
    """

    pilot: str
    suspended: bool
    requests: RequestActivity
    sockets: int
    broker: list[Incident]
    mqtt: list[Connection] | None
    devices: DeviceActivity
    dead_letters: DeadLetterActivity
    quotas: list[QuotaUse]


class Acknowledgement(Document, frozen=True, kw_only=True):
    """Who has seen an alert, and when."""

    time: Time
    by: str


class Alert(Document, frozen=True, kw_only=True):
    """Something that somebody should look at.

    Parameters
    ----------
    id : str
    pilot : str or None
        Null where it is nobody's.
    kind, detail : str
    code : str or None
        Of the sentence that `detail` is, more exact than `kind`; None where it is none that the API has translated.
    parameters : dict of str to str
        Of that sentence.
    details : Titles
        The detail by language.
    severity : str
    time : datetime
        When it was raised.
    cleared : datetime or None
        When it was over.
    acknowledged : Acknowledgement or None
    """

    id: str
    pilot: str | None
    kind: Literal[
        "locked-out",
        "broker-filling",
        "not-ready",
        "not-stored",
        "cut-off",
        "lost",
        "refused",
        "removed",
        "late",
        "dropped",
        "full",
        "suspended",
        "devices-silent",
        "dead-letters",
        "failed",
        "wrong",
        "over-quota",
        "nearly-over",
    ]
    severity: Severity
    detail: str
    code: str | None
    parameters: dict[str, str]
    details: Titles
    time: Time
    cleared: Time | None
    acknowledged: Acknowledgement | None


class OwnActivity(Activity, frozen=True, kw_only=True):
    """The activity of the pilot of the key in use, with what it should look at."""

    alerts: list[Alert]


class HourActivity(Document, frozen=True, kw_only=True):
    """Requests of a pilot in an hour.

    Parameters
    ----------
    start : datetime
    answered, wrong, failed : int
        Those answered, answered with 4xx, and with 5xx.
    refused : int
        For a quota.
    """

    start: Time
    answered: int
    wrong: int
    failed: int
    refused: int


class PilotActivity(OwnActivity, frozen=True, kw_only=True):
    """What a pilot does, with who it is, and its hours.

    Parameters
    ----------
    role, theme, edition : str
    seen : datetime or None
        Its last request in the range asked for.
    hours : list of HourActivity
        Those in which it asked anything.
    """

    role: Role
    theme: str
    edition: str
    seen: Time | None
    hours: list[HourActivity]
