"""Pilots: their quotas, keys and budgets."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from .base import LINE, Body, Document, Moment, Time

MAX_GRANTS = 200_000
"""Largest sum of the grants to one pilot [DH]: what the programme gives."""


class Role(StrEnum):
    """Rights of a pilot: everything, watch everything, use the sandbox, or read the public city."""

    ADMIN = "admin"
    ENGINEER = "engineer"
    PILOT = "pilot"
    GUEST = "guest"


class Scope(StrEnum):
    """Rights of a key, within those of its pilot: read, change something, and connect to MQTT."""

    READ = "read"
    WRITE = "write"
    MQTT = "mqtt"


_PilotName: TypeAlias = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"^[a-z][a-z0-9-]{0,31}$",
        extra={"words": "up to 32 of a-z, 0-9 and '-', the first a letter"},
    ),
]
# One scope named twice is the same as once.
_Scopes: TypeAlias = Annotated[tuple[Scope, ...], Meta(min_length=1)]
_Count: TypeAlias = Annotated[int, Meta(ge=0, le=10**15)]
_Text: TypeAlias = Annotated[str, LINE, Meta(max_length=200)]
_Edition: TypeAlias = Annotated[str, LINE, Meta(max_length=80)]
_Actuators: TypeAlias = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=1000)]


class QuotasChange(Body, frozen=True, kw_only=True):
    """Quotas of a pilot; null gives one its default again.

    Parameters
    ----------
    requests_per_minute, messages_per_second, points_per_day, worlds : float or None, optional
    storage : int or None, optional
        Exports that are stored [bytes].
    """

    requests_per_minute: _Count | UnsetType | None = UNSET
    messages_per_second: Annotated[float, Meta(ge=0, le=1e9)] | UnsetType | None = UNSET
    points_per_day: _Count | UnsetType | None = UNSET
    worlds: _Count | UnsetType | None = UNSET
    storage: _Count | UnsetType | None = UNSET


class PilotChange(Body, frozen=True, kw_only=True):
    """A change of a pilot; what is left out stays.

    Parameters
    ----------
    contact : str, optional
        Address to write to.
    theme : str, optional
    edition : str, optional
        Of the programme.
    quotas : QuotasChange, optional
    actuators : list of str, optional
        Devices of the shared city that it may command.
    """

    contact: Annotated[_Text, Meta(examples=["lina@example.org"])] | UnsetType = UNSET
    theme: Annotated[_Text, Meta(examples=["water"])] | UnsetType = UNSET
    edition: Annotated[_Edition, Meta(examples=["2026"])] | UnsetType = UNSET
    quotas: QuotasChange | UnsetType = UNSET
    actuators: _Actuators | UnsetType = UNSET


class NewPilot(PilotChange, frozen=True, kw_only=True):
    """A pilot to make, with a first key.

    Parameters
    ----------
    name : str
        Also its MQTT user.
    role : str
    contact : str, optional
        Address to write to.
    theme : str, optional
    edition : str, optional
        Of the programme.
    quotas : QuotasChange, optional
    actuators : list of str, optional
        Devices of the shared city that it may command.
    scopes : list of str
        Rights of the key; all if left out.
    expires : time, optional
        When the key ends, such as `+30d`; never if left out.
    """

    name: Annotated[_PilotName, Meta(examples=["aqua"])]
    role: Role = Role.PILOT
    scopes: _Scopes = tuple(Scope)
    expires: Moment | None = None


class Suspension(Body, frozen=True, kw_only=True):
    """Why a pilot is suspended."""

    reason: Annotated[str, LINE, Meta(min_length=1, max_length=500)]


class NewKey(Body, frozen=True, kw_only=True):
    """Another key of a pilot.

    Parameters
    ----------
    name : str
        Its MQTT user is `{pilot}_{name}`, and `{pilot}` for `main`.
    scopes : list of str
        Its rights; all if left out.
    expires : time, optional
        When it ends, such as `+30d`; never if left out.
    """

    name: _PilotName = "main"
    scopes: _Scopes = tuple(Scope)
    expires: Moment | None = None


class NewBudgetEntry(Body, frozen=True, kw_only=True):
    """A line of a budget.

    Parameters
    ----------
    amount : float or str
        A grant; below zero an expense [DH], with up to two decimals.
    date : str
        Day.
    note : str
    """

    amount: (
        Annotated[float, Meta(ge=-MAX_GRANTS, le=MAX_GRANTS, examples=[50000])]
        | Annotated[str, Meta(pattern=r"^-?[0-9]{1,6}(\.[0-9]{1,2})?$", extra={"words": "such a number as text"})]
    )
    date: Annotated[str, Meta(max_length=10, examples=["2026-11-23"])]
    note: Annotated[str, LINE, Meta(max_length=500)] = ""

    def __post_init__(self) -> None:
        if abs(self.dirhams) > MAX_GRANTS or self.dirhams != round(self.dirhams, 2):
            raise ValueError(f"amount: give up to {MAX_GRANTS:,} DH, with up to two decimals")

    @property
    def dirhams(self) -> Decimal:
        """The amount [DH]."""
        return Decimal(str(self.amount))


class Quotas(Document, frozen=True, kw_only=True):
    """Quotas of a pilot.

    Parameters
    ----------
    storage : int
        Exports that are stored [bytes].
    """

    requests_per_minute: int
    messages_per_second: float
    points_per_day: int
    worlds: int
    storage: int


class Pilot(Document, frozen=True, kw_only=True):
    """A pilot.

    Parameters
    ----------
    name : str
    role : str
    contact, theme, edition : str
    made : datetime
    suspended : datetime or None
        Since when none of its keys is valid.
    reason : str or None
        Why it is suspended.
    quotas : Quotas
    actuators : list of str
        Devices of the shared city that it may command.
    """

    name: str
    role: Role
    contact: str
    theme: str
    edition: str
    made: Time
    suspended: Time | None
    reason: str | None
    quotas: Quotas
    actuators: list[str]


class Key(Document, frozen=True, kw_only=True):
    """A key, without its secret.

    Parameters
    ----------
    pilot, name : str
    prefix : str
        How the key begins.
    mqtt_user : str
    scopes : list of str
    made : datetime
    expires, revoked : datetime or None
    state : str
    """

    pilot: str
    name: str
    prefix: str
    mqtt_user: str
    scopes: list[Scope]
    made: Time
    expires: Time | None
    revoked: Time | None
    state: Literal["live", "expired", "revoked"]


class IssuedKey(Key, frozen=True, kw_only=True):
    """A key that was just made; `key` is shown this once."""

    key: str


class PilotWithKey(Pilot, frozen=True, kw_only=True):
    """A pilot that was just made; the `key` of `issued` is shown this once."""

    issued: IssuedKey


class Me(Pilot, frozen=True, kw_only=True):
    """The pilot of the key in use.

    Parameters
    ----------
    key : str
        Name of the key.
    scopes : list of str
    """

    key: str
    scopes: list[Scope]


class BudgetEntry(Document, frozen=True, kw_only=True):
    """A line of a budget.

    Parameters
    ----------
    amount : float
        [DH]
    by : str
        Who entered it.
    """

    date: str
    amount: float
    note: str
    by: str


class Budget(Document, frozen=True, kw_only=True):
    """A budget [DH]: lines by date, and their sums."""

    pilot: str
    granted: float
    spent: float
    left: float
    items: list[BudgetEntry]


class NewSession(Body, frozen=True, kw_only=True):
    """A page logs in, with a key or with a link.

    Parameters
    ----------
    key : str, optional
    link : str, optional
        What stands behind `#login=` in the address that `zenata open` makes; it can be used once.
    remember : bool
        Whether the session lasts for 30 days instead of 12 hours.
    """

    key: Annotated[str, Meta(max_length=200)] | None = None
    link: Annotated[str, Meta(max_length=200)] | None = None
    remember: bool = False

    def __post_init__(self) -> None:
        if (self.key is None) == (self.link is None):
            raise ValueError("key: give a key or a link, and not both")


class Session(Document, frozen=True, kw_only=True):
    """Whom a session, or the key in use, speaks for.

    Parameters
    ----------
    pilot, key : str
        Names of the pilot, and of its key.
    role : str
    scopes : list of str
    expires : datetime or None
        When the session ends, or the key where there is no session.
    """

    pilot: str
    key: str
    role: Role
    scopes: list[Scope]
    expires: Time | None
