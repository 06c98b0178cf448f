"""What requests carry, as declared in the OpenAPI document. A member that is not declared is an error."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, FiniteFloat, model_validator
from pydantic_core import PydanticCustomError

from api.http.params import Characters, RangeParams
from zenata.control.device import MAX_OFFLINE_AFTER, OFFLINE_AFTER

State = Literal["running", "paused"]
Speed = Annotated[FiniteFloat, Field(ge=1, le=3600)] | Literal["max"]
_OF_A_LINE = r"^[^\x00-\x1f\x7f-\x9f" + "\u2028\u2029\u202a-\u202e\u2066-\u2069" + r"]*$"


def _line(text: str) -> str:
    if not re.fullmatch(_OF_A_LINE, text):
        raise PydanticCustomError("no_line", "holds control characters, where one line of text is meant")
    return text


Line = Annotated[str, AfterValidator(_line), Field(json_schema_extra={"pattern": _OF_A_LINE})]
"""Text for people: no control characters (PostgreSQL keeps no NUL), ends of lines, or changes of direction."""

Moment = Annotated[str, Field(max_length=64, examples=["2026-07-01T06:00:00Z"])]


class Body(Characters):
    """Base of all bodies. Values are of the types that the document says: no "1" for 1."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _integers(cls, given: Any) -> Any:  # noqa: ANN401 - a body can be any JSON
        """Take 1.0 for 1: to JSON these are one number (RFC 8259 section 6)."""
        if not isinstance(given, dict):
            return given
        return {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in given.items()
        }

    def given(self) -> dict[str, Any]:
        """Return what was said, without what was left out."""
        return self.model_dump(exclude_none=True)


class NewWorld(Body):
    """A private world."""

    seed: int = Field(1, ge=0, lt=2**63, description="What all chance comes from.")
    start: Moment | None = Field(None, description="Its first moment; now if left out.")
    scenario: str | list[dict[str, Any]] | None = Field(
        None, description="Name of one of the city's scenarios, or TOML text, or a list of events.", max_length=100_000
    )
    speed: Speed = Field(1.0, description="World seconds per second, 1 to 3600, or `max`.")
    state: State = Field("running", description="`paused` for a world that moves only when it is advanced.")
    kinds: list[str] = Field([], description="Kinds whose sensors publish; all if empty.", max_length=100)
    districts: list[str] = Field([], description="Districts whose sensors publish; all if empty.", max_length=1000)
    packs: bool = Field(False, description="Publish a pack for each district instead of a message for each sensor.")


class ClockChange(Body):
    """How a world's clock goes on; what is left out stays."""

    state: State | None = None
    speed: Speed | None = Field(None, description="World seconds per second, 1 to 3600, or `max`.")


class Advance(Body):
    """How far to move a paused world on."""

    until: Moment | None = None
    steps: int | None = Field(None, ge=1, description="Ticks of ten seconds.")
    limit: int = Field(10_000, ge=0, le=100_000, description="The most readings to return.")

    @model_validator(mode="after")
    def _one(self) -> "Advance":
        if (self.until is None) == (self.steps is None):
            raise ValueError("say either until or steps")
        return self


class Fork(Body):
    """A copy of a world."""

    at: Moment | None = Field(None, description="As it was at this time; as it is now if left out.")
    speed: Speed | None = None
    state: State = "running"


class NewEvent(Body):
    """Something to happen. Each type has parameters of its own beside these (docs/scenarios.md)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(max_length=64, examples=["leak"])
    start: str | None = Field(None, description="RFC 3339; the next tick if left out.", max_length=64)
    duration: str | FiniteFloat | None = Field(None, description="As `6h`, or seconds.", examples=["2h"])


class Backfill(Body):
    """Up to when to move a world on at once, into the store."""

    end: Moment
    every: str = Field("15m", description="Length of the ticks, 10s to 1h.", max_length=32)


_Longitude = Annotated[FiniteFloat, Field(ge=-180, le=180)]
_Latitude = Annotated[FiniteFloat, Field(ge=-90, le=90)]
_Codec = Literal["auto", "cayenne", "json", "influx"]
_External = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]
_Silence = Annotated[int, Field(ge=1, le=MAX_OFFLINE_AFTER)]


class NewDevice(Body):
    """A device of one's own."""

    id: str = Field(max_length=63, description="The word it has in topics and queries.", examples=["roof"])
    name: Line = Field("", max_length=200, description="For a person.")
    longitude: _Longitude | None = Field(None, description="[deg], WGS 84; in the city or near it.", examples=[-7.45])
    latitude: _Latitude | None = Field(None, description="[deg], WGS 84.", examples=[33.62])
    codec: _Codec = Field("auto", description="What it speaks (docs/devices.md).")
    external: _External | None = Field(
        None, description="What a network server calls it: DevEUI, or device id.", examples=["70b3d57ed0051234"]
    )
    offline_after: _Silence = Field(OFFLINE_AFTER, description="Silence after which it is offline [s].")

    @model_validator(mode="after")
    def _whole(self) -> "NewDevice":
        if (self.longitude is None) != (self.latitude is None):
            raise ValueError("say longitude and latitude, or neither")
        return self


class DeviceChange(Body):
    """What to change of a device; what is left out stays, and null takes a position or an external id away."""

    name: Line | None = Field(None, max_length=200)
    longitude: _Longitude | None = None
    latitude: _Latitude | None = None
    codec: _Codec | None = None
    external: _External | None = None
    offline_after: _Silence | None = None

    @model_validator(mode="after")
    def _whole(self) -> "DeviceChange":
        given = {"longitude", "latitude"} & self.model_fields_set
        if len(given) == 1 or (self.longitude is None) != (self.latitude is None):
            raise ValueError("say longitude and latitude, or neither")
        for name in {"name", "codec", "offline_after"} & self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class NewExport(RangeParams):
    """A query to be written into a file: the parameters of /v1/readings."""

    format: Literal["csv", "parquet", "arrow"] = "parquet"


class NewCommand(Body):
    """What a device is told; null gives a setting back to the device's own control."""

    world: str | None = Field(None, description="The shared city if left out.", max_length=64)
    sensor: str = Field(max_length=64, examples=["streetlight-0001"])
    set: dict[str, FiniteFloat | None] = Field(min_length=1, max_length=16, examples=[{"dim": 0.4}])
    id: str | None = Field(None, max_length=128, description="Yours, or one is made.")
    wait: float = Field(15.0, ge=0, le=60, description="How long to wait for the world's next tick [s].")
