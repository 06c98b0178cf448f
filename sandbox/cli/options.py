"""Options of the commands, and how they become settings."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from sandbox.settings import Settings
from zenata.errors import SetupError


def setting(name: str, text: str, *declarations: str, default: str | None = None) -> Any:  # noqa: ANN401 - typer's own
    """Return an option for a setting, whose help shows its environment variable and its default.

    An option that is not given stays None, and leaves the setting to the environment or to its default.

    Parameters
    ----------
    name : str
        Of the setting.
    text : str
        What it is.
    *declarations : str
        Names of the option, where they do not follow from the parameter.
    default : str, optional
        What to show as the default; that of the setting if left out.
    """
    value = default or Settings.model_fields[name].default
    shown = "none" if value is None or value is False else str(value)
    return typer.Option(*declarations, help=text, envvar=f"ZENATA_{name.upper()}", show_default=shown)


DataDir = Annotated[Path | None, setting("data_dir", "Folder of everything that lasts.")]
Host = Annotated[str | None, setting("host", "Address to listen at.")]
HttpPort = Annotated[int | None, setting("http_port", "Port for HTTP; 0 takes a free one.")]
MqttPort = Annotated[int | None, setting("mqtt_port", "Port for MQTT; 0 takes a free one.")]
WsPort = Annotated[int | None, setting("ws_port", "Port for MQTT over WebSocket; 0 takes a free one.")]
TlsCert = Annotated[
    Path | None,
    setting("tls_cert", "Certificate for HTTP, MQTT and WebSocket, PEM; with --tls-key.", default="no TLS"),
]
TlsKey = Annotated[Path | None, setting("tls_key", "Its key, PEM.")]
Store = Annotated[str | None, setting("store", "URL of the store.", default="duckdb:// in the data directory")]
Broker = Annotated[
    str | None,
    setting(
        "broker",
        "Use this broker, mqtt://user:password@host:port[,host:port...].",
        default="the embedded one",
    ),
]
BrokerAdmin = Annotated[
    str | None,
    setting(
        "broker_admin",
        "Let the users of --broker, a Mosquitto, follow the pilots: mqtt://admin:password@host:port.",
    ),
]
Join = Annotated[
    str | None,
    setting(
        "join",
        "Share worlds with other machines in this NATS cluster, nats://user:password@host:port[,nats://...].",
        default="worlds are folders of this machine",
    ),
]
HostName = Annotated[str | None, setting("host_name", "Name of this host.", default="that of the machine")]
PeerUrl = Annotated[
    str | None,
    setting(
        "peer_url",
        "Where other servers on the same store and control data reach this one, as http://10.0.0.5:8080.",
        default="where it listens",
    ),
]
ControlUrl = Annotated[
    str | None,
    setting("control_url", "URL of the control data, SQLite or PostgreSQL.", default="a file in the data directory"),
]
City = Annotated[str | None, setting("city", "Name or folder of the city pack.")]
World = Annotated[str | None, setting("world", "Name of the shared city, first in its topics.")]
Seed = Annotated[int | None, setting("seed", "What all chance comes from.", default="1")]
Start = Annotated[
    str | None,
    setting("start", "First moment of the city, as 2026-07-01T06:00:00Z.", default="the time of day"),
]
Speed = Annotated[float | None, setting("speed", "City seconds per second, with --start; 0.1 to 3600.")]
HistoryDays = Annotated[
    float | None,
    setting("history_days", "Days before a new live city that are filled in; 0 for none."),
]
Scenario = Annotated[
    str | None,
    setting("scenario", "What happens in a new city: a scenario of the city pack, or a TOML file.", default="nothing"),
]
Packs = Annotated[bool | None, setting("packs", "Publish each district's readings as one pack too.", "--packs")]
WebhookPrivate = Annotated[
    bool | None,
    setting(
        "webhook_private",
        "Let webhooks lead to addresses that are not public, such as 127.0.0.1.",
        "--webhook-private/--no-webhook-private",
    ),
]


def settings_of(**options: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return the settings of options; one that is None was not given.

    Raises
    ------
    SetupError
        If one of them is unusable.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        raise SetupError("; ".join(_problem(**details) for details in error.errors(include_url=False))) from None


def _problem(*, loc: tuple[int | str, ...], msg: str, input: object, **_: object) -> str:  # noqa: A002 - pydantic's word
    return f"--{str(loc[0]).replace('_', '-')} {input}: {shortened(msg)}"


def shortened(text: str) -> str:
    """Return what a validator says, without "Input should be a valid integer, unable to parse string as an integer"."""
    return text.replace("Input should", "must", 1).partition(", unable")[0]
