"""Options of the commands, and how they become settings."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from inspect import Parameter, signature
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import ValidationError

from sandbox.settings import Settings
from zenata.errors import SetupError

Ask = Callable[..., Any]
"""Returns what the API of the running city answers: `sandbox.running.ask` for the settings and the user of a command."""

Command = Callable[..., None]


class _Option(NamedTuple):
    """How an option for a setting is shown: with another default or name than those that follow from the setting."""

    help: str
    default: str | None = None
    name: str | None = None


_OPTIONS = {
    "data_dir": _Option("Folder of everything that lasts."),
    "host": _Option("Address to listen at."),
    "http_port": _Option("Port for HTTP; 0 takes a free one."),
    "mqtt_port": _Option("Port for MQTT; 0 takes a free one."),
    "ws_port": _Option("Port for MQTT over WebSocket; 0 takes a free one."),
    "tls_cert": _Option("Certificate for HTTP, MQTT and WebSocket, PEM; with --tls-key.", default="no TLS"),
    "tls_key": _Option("Its key, PEM."),
    "store": _Option("URL of the store.", default="duckdb:// in the data directory"),
    "broker": _Option("Use this broker, mqtt://user:password@host:port[,host:port...].", default="the embedded one"),
    "broker_admin": _Option(
        "Let the users of --broker, a Mosquitto, follow the pilots: mqtt://admin:password@host:port."
    ),
    "join": _Option(
        "Share worlds with other machines in this NATS cluster, nats://user:password@host:port[,nats://...].",
        default="worlds are folders of this machine",
    ),
    "host_name": _Option("Name of this host.", default="that of the machine"),
    "peer_url": _Option(
        "Where other servers on the same store and control data reach this one, as http://10.0.0.5:8080.",
        default="where it listens",
    ),
    "control_url": _Option("URL of the control data, SQLite or PostgreSQL.", default="a file in the data directory"),
    "city": _Option("Name or folder of the city pack."),
    "world": _Option("Name of the shared city, first in its topics."),
    "seed": _Option("What all chance comes from.", default="1"),
    "start": _Option("First moment of the city, as 2026-07-01T06:00:00Z.", default="the time of day"),
    "speed": _Option("City seconds per second, with --start; 0.1 to 3600."),
    "history_days": _Option("Days before a new live city that are filled in; 0 for none."),
    "scenario": _Option("What happens in a new city: a scenario of the city pack, or a TOML file.", default="nothing"),
    "packs": _Option("Publish each district's readings as one pack too.", name="--packs"),
    "webhook_private": _Option(
        "Let webhooks lead to addresses that are not public, such as 127.0.0.1.",
        name="--webhook-private/--no-webhook-private",
    ),
    "worker": _Option("One of several that divide the districts: 2/3 is the second of three."),
    "share": _Option("Workers divide the messages instead, as an MQTT 5 broker can.", name="--share"),
}

USER = "Whose key to take: USER.key in the data directory."
"""Help of the option that names a user."""


def with_settings(names: str) -> Callable[[Command], Command]:
    """Give a command, whose first parameter is `Settings`, an option for each of these settings.

    An option that is not given leaves the setting to its environment variable or to its default, which its help shows.
    """
    options = [_parameter(name) for name in names.replace(",", " ").split()]
    return partial(_with_options, options, settings_of)


def with_api(user: str) -> Callable[[Command], Command]:
    """Give a command, whose first parameter is `Ask`, options that say which city to ask, and with whose key."""

    def ask_of(user: str, **options: object) -> Ask:
        from sandbox.running import ask  # here alone: it loads the control data, which `--help` does not need

        return partial(ask, settings_of(**options), user=user)

    of_user = Parameter(
        "user", Parameter.KEYWORD_ONLY, default=user, annotation=Annotated[str, typer.Option(help=USER)]
    )
    return partial(_with_options, [of_user, _parameter("data_dir")], ask_of)


def _with_options(options: Sequence[Parameter], make: Callable[..., object], command: Command) -> Command:
    """Return a command with more options, from which its first parameter is made."""
    plain = signature(command)
    _, *own = plain.parameters.values()

    @wraps(command)
    def run(**values: object) -> None:
        made = make(**{option.name: values.pop(option.name) for option in options})
        command(made, **values)

    parameters = (*(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own), *options)
    vars(run)["__signature__"] = plain.replace(parameters=parameters)
    return run


def _parameter(name: str) -> Parameter:
    """Return the parameter of a command that is an option for a setting."""
    field, option = Settings.model_fields[name], _OPTIONS[name]
    value = option.default or field.default
    shown = "none" if value is None or value is False else str(value)
    about = typer.Option(
        *filter(None, [option.name]), help=option.help, envvar=f"ZENATA_{name.upper()}", show_default=shown
    )
    annotation: Any = Annotated[field.annotation | None, about]  # type: ignore[operator]  # a type, by pydantic
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


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
