"""What the command lines share: options, and how they become settings or a line on the screen."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from sandbox.settings import Settings
from zenata.errors import SetupError

# An option that is not given stays None, and leaves the setting to the environment or to its default.
DataDir = Annotated[Path | None, typer.Option(help="Where everything lives that lasts. [default: .zenata]")]
Host = Annotated[str | None, typer.Option(help="Address to listen at. [default: 127.0.0.1]")]
HttpPort = Annotated[int | None, typer.Option(help="Port for HTTP; 0 takes a free one. [default: 8080]")]
MqttPort = Annotated[int | None, typer.Option(help="Port for MQTT; 0 takes a free one. [default: 1883]")]
WsPort = Annotated[int | None, typer.Option(help="Port for MQTT over WebSocket; 0 takes a free one. [default: 9001]")]
TlsCert = Annotated[
    Path | None, typer.Option(help="Certificate for HTTP, MQTT and WebSocket, PEM; with --tls-key. [default: no TLS]")
]
TlsKey = Annotated[Path | None, typer.Option(help="Its key, PEM.")]
Store = Annotated[str | None, typer.Option(help="URL of the store. [default: duckdb:// in the data directory]")]
Broker = Annotated[
    str | None,
    typer.Option(help="Use this broker, mqtt://user:password@host:port[,host:port...], rather than the embedded one."),
]
BrokerAdmin = Annotated[
    str | None,
    typer.Option(help="Let the users of --broker, a Mosquitto, follow the pilots: mqtt://admin:password@host:port."),
]
ControlUrl = Annotated[
    str | None,
    typer.Option(help="URL of the control data, SQLite or PostgreSQL. [default: a file in the data directory]"),
]
City = Annotated[str | None, typer.Option(help="Name or folder of the city pack. [default: zenata]")]
World = Annotated[str | None, typer.Option(help="Name of the live city, first in its topics. [default: zenata]")]
Seed = Annotated[int | None, typer.Option(help="What all chance comes from. [default: 1]")]
Start = Annotated[
    str | None, typer.Option(help="First moment of the city, as 2026-07-01T06:00:00Z. [default: the time of day]")
]
Speed = Annotated[float | None, typer.Option(help="City seconds per second, with --start; 0.1 to 3600. [default: 1]")]
HistoryDays = Annotated[
    float | None, typer.Option(help="Days before a new live city that are filled in behind; 0 for none. [default: 7]")
]
Scenario = Annotated[
    str | None,
    typer.Option(help="What happens in a new city: a scenario of the city pack, or a TOML file. [default: nothing]"),
]
Packs = Annotated[bool | None, typer.Option("--packs", help="Publish each district's readings as one pack too.")]

WebhookPrivate = Annotated[
    bool | None,
    typer.Option(
        "--webhook-private/--no-webhook-private",
        help="Let webhooks lead to addresses that are not public, such as 127.0.0.1. [default: no-webhook-private]",
    ),
]


def settings_of(**options: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return the settings that options give; one that is None was not given.

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
    return f"--{str(loc[0]).replace('_', '-')} {input}: {msg}"


def say(text: str) -> None:
    """Tell whoever sits there; what a program may want to read goes to standard output instead."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - what a person reads
