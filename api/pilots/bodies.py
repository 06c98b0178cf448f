"""What requests about pilots carry; see `api.http.bodies`."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from api.http.bodies import Body, Line, Moment
from zenata.control.keys import ALL, MAIN, Role, Scope
from zenata.control.pilot import MAX_GRANTS

_Name = Annotated[str, Field(max_length=32, pattern=r"^[a-z][a-z0-9-]{0,31}$")]
_Role = Annotated[Role, Field(strict=False)]  # JSON has no enumerations, sets or decimals of its own
_Scopes = Annotated[frozenset[Annotated[Scope, Field(strict=False)]], Field(min_length=1, strict=False)]
_Count = Annotated[int, Field(ge=0, le=10**15)]
_Actuators = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1000)]


class QuotasChange(Body):
    """What a pilot may use up; null gives a quota its default again."""

    requests_per_minute: _Count | None = None
    messages_per_second: Annotated[float, Field(ge=0, le=1e9)] | None = None
    points_per_day: _Count | None = None
    worlds: _Count | None = None
    storage: Annotated[_Count | None, Field(description="Exports that are kept [bytes].")] = None


class PilotChange(Body):
    """What to change of a pilot; what is left out stays."""

    contact: Line = Field("", max_length=200, description="Whom to write to.", examples=["lina@example.org"])
    theme: Line = Field("", max_length=200, description="What it is about.", examples=["water"])
    edition: Line = Field("", max_length=80, description="Of the programme.", examples=["2026"])
    quotas: QuotasChange = QuotasChange()
    actuators: _Actuators = Field([], description="Devices of the shared city that it may command.")


class NewPilot(PilotChange):
    """A pilot, with a first key."""

    name: _Name = Field(description="Also its MQTT user.", examples=["aqua"])
    role: _Role = Role.PILOT
    scopes: _Scopes = Field(ALL, description="What the key is good for.")
    expires: Moment | None = Field(None, description="When the key ends; never if left out.")


class Suspension(Body):
    """Why a pilot is suspended."""

    reason: Line = Field(min_length=1, max_length=500)


class NewKey(Body):
    """Another key of a pilot."""

    name: _Name = Field(MAIN, description="Its MQTT user is `{pilot}_{name}`, and `{pilot}` for `main`.")
    scopes: _Scopes = Field(ALL, description="What it is good for.")
    expires: Moment | None = Field(None, description="When it ends; never if left out.")


class NewEntry(Body):
    """A line of a budget."""

    amount: Annotated[Decimal, Field(ge=-MAX_GRANTS, le=MAX_GRANTS, decimal_places=2, strict=False)] = Field(
        description="A grant; below zero an expense [DH].", examples=[50000]
    )
    date: str = Field(max_length=10, examples=["2026-11-23"])
    note: Line = Field("", max_length=500)
