"""The JSON documents about pilots; see `api.city.schemas`."""

from typing import Any, Literal

from api.city.schemas import Document
from zenata.control.keys import Role, Scope


class QuotasDocument(Document):
    """What a pilot may use up."""

    requests_per_minute: int
    messages_per_second: float
    points_per_day: int
    worlds: int
    storage: int


class PilotDocument(Document):
    """A pilot; `suspended` is since when none of its keys is good for anything."""

    name: str
    role: Role
    contact: str
    theme: str
    edition: str
    made: str
    suspended: str | None
    reason: str | None
    quotas: QuotasDocument
    actuators: list[str]


class PilotPage(Document):
    """All pilots, by name."""

    items: list[PilotDocument]
    next: None


class KeyDocument(Document):
    """What is kept of a key, but for its hashes."""

    pilot: str
    name: str
    prefix: str
    mqtt_user: str
    scopes: list[Scope]
    made: str
    expires: str | None
    revoked: str | None
    state: Literal["live", "expired", "revoked"]


class KeyPage(Document):
    """Keys, newest first."""

    items: list[KeyDocument]
    next: None


class IssuedKey(KeyDocument):
    """A key that was just made: `key` is shown this once."""

    key: str


class NewPilotDocument(PilotDocument):
    """A pilot that was just made: the `key` of `issued` is shown this once."""

    issued: IssuedKey


class MeDocument(PilotDocument):
    """Whom a key speaks for."""

    key: str
    scopes: list[Scope]


class EntryDocument(Document):
    """A line of a budget [DH]."""

    date: str
    amount: float
    note: str
    by: str


class BudgetDocument(Document):
    """A budget [DH]: lines by date, and what they come to."""

    pilot: str
    granted: float
    spent: float
    left: float
    items: list[EntryDocument]


class AuditEntryDocument(Document):
    """What somebody did."""

    time: str
    who: str
    what: str
    target: str
    detail: dict[str, Any]


class AuditPage(Document):
    """What was done, newest first."""

    items: list[AuditEntryDocument]
    next: str | None


class RequestsDocument(Document):
    """What a pilot asked since the process started; `p95` is of the times to the first byte of the newest answers [s]."""

    open: int
    answered: int
    wrong: int
    failed: int
    p95: float | None
    last: str | None


class DevicesDocument(Document):
    """How a pilot's devices are."""

    count: int
    online: int
    new: int
    offline: int
    silent: list[str]
    messages: int
    readings: int
    last: str | None


class LettersDocument(Document):
    """A pilot's dead letters; there are `more` than were looked at."""

    last_hour: int
    more: bool
    newest: str | None


class UsedDocument(Document):
    """How much of a quota is used up, and how often something was refused for it."""

    name: str
    limit: float
    used: float
    refused: int
    refused_last_hour: bool


class ConnectionDocument(Document):
    """A client that is connected to the broker: its user and MQTT client id, and how many messages it has sent."""

    user: str
    client: str
    address: str
    since: str
    sent: int


class IncidentDocument(Document):
    """What the broker did to a pilot that sent far beyond its quota, or to a client of its; in the last hour."""

    time: str
    kind: Literal["cut-off", "refused"]
    detail: str


class ActivityDocument(Document):
    """What a pilot does; `mqtt` is null where the broker does not tell who is connected."""

    pilot: str
    suspended: bool
    requests: RequestsDocument
    sockets: int
    broker: list[IncidentDocument]
    mqtt: list[ConnectionDocument] | None
    devices: DevicesDocument
    dead_letters: LettersDocument
    quotas: list[UsedDocument]


class AlertDocument(Document):
    """Something to look at; of no pilot where nobody knows whose it is."""

    pilot: str | None
    kind: Literal[
        "locked-out",
        "broker-filling",
        "not-ready",
        "not-stored",
        "cut-off",
        "refused",
        "suspended",
        "devices-silent",
        "dead-letters",
        "failed",
        "wrong",
        "over-quota",
        "nearly-over",
    ]
    detail: str


class MyActivityDocument(ActivityDocument):
    """One's own activity, and what one should look at."""

    alerts: list[AlertDocument]


class AlertPage(Document):
    """What somebody should look at now."""

    items: list[AlertDocument]
    next: None
