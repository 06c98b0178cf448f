"""Every setting of every process, in one class; the composition root builds it once and passes parts of it down."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from zenata.errors import SetupError
from zenata.process.tls import Certificate, certificate_of

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?")  # RFC 6454 section 6.2


class Settings(BaseSettings):
    """Settings, each also taken from the environment variable ``ZENATA_`` plus its name.

    Parameters
    ----------
    data_dir : Path
        Where everything lives that lasts.
    host : str
        Address the servers listen at. Loopback by default.
    http_port, mqtt_port, ws_port : int
        Ports for HTTP, MQTT and MQTT over WebSocket; 0 takes a free one.
    store : str or None
        URL of the store; None is ``duckdb://`` in the data directory.
    influx_token : str or None
        What shows an InfluxDB that we may; of version 1 ``user:password``.
    influx_token_file : Path or None
        A file that holds it instead.
    control_url : str or None
        URL of the control data, as SQLAlchemy has it; None is SQLite in the data directory.
    tls_cert, tls_key : Path or None
        Certificate and key that the servers show, PEM; without them nothing is encrypted.
    cors_origins : tuple of str
        Origins whose pages may ask the API, such as ``https://app.example``; as text with commas between.
    broker : str or None
        URL of a broker, ``mqtt://user:password@host:port``, or ``mqtts://``; None is the embedded one.
    broker_admin : str or None
        URL of that broker, a Mosquitto, with a user who may manage users; without it they are managed elsewhere.
    join : str or None
        Addresses of a NATS cluster that holds the worlds of several machines, ``nats://user:password@host:port``, with
        commas between; None keeps them in folders of this one.
    host_name : str or None
        What this machine is called among those; None takes its own name.
    peer_url : str or None
        Where other servers of the API, on the same control data and store, reach this one; None is where it listens.
    broker_monitor : str or None
        URL of the monitoring of a NATS, ``nats://user:password@host:port``; `zenata up` says so itself.
    worker : str or None
        Which of several ingests this is, ``2/3`` for the second of three; None is the only one.
    share : bool
        Whether the broker divides the messages among the workers, rather than the districts.
    city : str
        Name or folder of the city pack.
    world : str
        Name of the shared live city: letters, digits, ``-`` and ``_``, as it stands in topics.
    seed : int or None
        What the random draws come from; None takes what the data directory has, or 1.
    start : str or None
        First moment of the city as RFC 3339; None follows the time of day.
    speed : float
        City seconds per second of the wall.
    packs : bool
        Whether each district's readings are published as one pack too.
    scenario : str or None
        What happens in a new city: a scenario of the city pack, or a file of TOML.
    history_days : float
        Days before a new live city that its store is filled with; 0 for none.
    worlds_of_one, worlds_in_all : int
        Most private worlds of one pilot, and of all.
    raw_days, quarter_days : float
        Age at which readings of the shared city are rolled up to quarters of an hour, and these to hours [d].
    letter_days : float
        Age at which dead letters go [d].
    letters : int
        How many dead letters of each world and each pilot are stored.
    request_rate : int
        Requests a minute of a pilot; this and what follows is of pilots without quotas of their own.
    device_rate : float
        Messages a second that the devices of a pilot may send in the long run.
    device_points : int
        Readings a day that the devices of a pilot may have.
    connections : int
        MQTT connections that a pilot may have at once to the embedded broker.
    export_bytes : int
        What the exports of a pilot may come to [bytes].
    webhook_private : bool
        Whether webhooks may lead to private, loopback and other addresses that are not public.
    world_rate : float
        Messages a second that a private world may publish in the long run.
    world_idle : float
        Time after which a private world that nobody uses is put to sleep [h].
    world_kept : float
        Time after which a private world that nobody has woken is deleted [h].
    """

    model_config = SettingsConfigDict(env_prefix="ZENATA_", extra="ignore")

    data_dir: Path = Path(".zenata")
    host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    mqtt_port: int = Field(default=1883, ge=0, le=65535)
    ws_port: int = Field(default=9001, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    store: str | None = Field(default=None, repr=False)
    influx_token: str | None = Field(default=None, repr=False)
    influx_token_file: Path | None = None
    control_url: str | None = Field(default=None, repr=False)
    broker: str | None = Field(default=None, repr=False)
    broker_admin: str | None = Field(default=None, repr=False)
    broker_monitor: str | None = Field(default=None, repr=False)
    join: str | None = Field(default=None, repr=False)
    host_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    peer_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    worker: str | None = None
    share: bool = False
    city: str = "zenata"
    world: str = Field(default="zenata", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    start: str | None = None
    speed: float = Field(default=1.0, ge=0.1, le=3600)
    packs: bool = False
    scenario: str | None = None
    history_days: float = Field(default=7.0, ge=0, le=366)
    worlds_of_one: int = Field(default=4, ge=0)
    worlds_in_all: int = Field(default=16, ge=0)
    raw_days: float = Field(default=90.0, gt=0)
    quarter_days: float = Field(default=730.0, gt=0)
    letter_days: float = Field(default=30.0, gt=0)
    letters: int = Field(default=100_000, ge=0)
    request_rate: int = Field(default=6000, ge=1)
    device_rate: float = Field(default=100.0, gt=0)
    device_points: int = Field(default=5_000_000, ge=0)
    connections: int = Field(default=100, ge=1)
    export_bytes: int = Field(default=5_000_000_000, ge=0)
    webhook_private: bool = False
    world_rate: float = Field(default=4000.0, gt=0)
    world_idle: float = Field(default=2.0, gt=0)
    world_kept: float = Field(default=168.0, gt=0)

    @field_validator("world")
    @classmethod
    def _not_taken(cls, world: str) -> str:
        if world.startswith("p-") or world in {"pilots", "truth"}:
            raise ValueError("what begins with p- is the world of a pilot's devices; pilots and truth are other topics")
        return world

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _divided(cls, origins: object) -> object:
        return tuple(origins.replace(",", " ").split()) if isinstance(origins, str) else origins

    @field_validator("cors_origins")
    @classmethod
    def _named(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in origins:
            raise ValueError("name the origins: with * any page that gets hold of a key could use it from anywhere")
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: write it as browsers do, like https://app.example:8443")
        return origins

    @property
    def certificate(self) -> Certificate | None:
        """What the servers show, once it is known to be usable.

        Raises
        ------
        SetupError
            If it is not; see `zenata.process.tls.certificate_of`.
        """
        return certificate_of(self.tls_cert, self.tls_key)

    @property
    def worlds_dir(self) -> Path:
        """Folder of all worlds."""
        return self.data_dir / "worlds"

    @property
    def store_url(self) -> str:
        """URL of the store."""
        return self.store or f"duckdb:///{self.data_dir.absolute() / 'readings.duckdb'}"

    @property
    def store_token(self) -> str | None:
        """What shows the store that we may.

        Raises
        ------
        SetupError
            If the file that is to hold it cannot be read.
        """
        if self.influx_token_file is None:
            return self.influx_token
        try:
            token = self.influx_token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{self.influx_token_file} cannot be read: {error}") from error
        if not token:
            raise SetupError(f"{self.influx_token_file} is empty: it should hold the token of InfluxDB")
        return token

    @property
    def is_embedded(self) -> bool:
        """Whether the store is a file that one process at a time may open."""
        return self.store_url.startswith("duckdb:")

    @property
    def control_file(self) -> Path:
        """The embedded control data, in a folder that several services may share."""
        return self.data_dir / "control" / "control.db"

    @property
    def database_url(self) -> str:
        """URL of the control data."""
        return self.control_url or f"sqlite:///{self.control_file.absolute()}"

    @property
    def run_file(self) -> Path:
        """File that tells where the running city answers."""
        return self.data_dir / "run.json"

    def subscribed_file(self, session: str = "ingest") -> Path:
        """File of the subscriptions that the broker has confirmed to a session; from then on it queues messages for it."""
        return self.data_dir / f"{session}.subscribed"

    def arrivals_file(self, session: str = "ingest") -> Path:
        """File of the arrival times that ingest gave to messages of devices."""
        return self.data_dir / f"{session}.arrivals"

    @property
    def bulk_file(self) -> Path:
        """File with the port and the token of the bulk server, which takes backfilled readings."""
        return self.data_dir / "bulk.json"

    @property
    def secret_file(self) -> Path:
        """File of the secret that keys the draws of sealed worlds."""
        return self.data_dir / "worlds.secret"

    @property
    def world_dir(self) -> Path:
        """Folder of the world's recipe and checkpoint."""
        return self.worlds_dir / self.world

    def environment(self, **changes: Any) -> dict[str, str]:  # noqa: ANN401 - any setting
        """Return these settings, with changes, as the environment variables that another process reads them from."""
        values = {**self.model_dump(), **changes}
        texts = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}
        return {f"ZENATA_{name.upper()}": text for name, text in texts.items() if values[name] is not None}
