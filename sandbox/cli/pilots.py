"""The commands `zenata pilot` and `zenata key`; see `sandbox.cli.main`."""

from typing import Annotated

import typer

from sandbox.cli.options import with_settings
from sandbox.screen import say
from sandbox.settings import Settings
from zenata.control.keys import MAIN, Role, Scope

pilots_app = typer.Typer(help="Pilots: who uses the city, and what each may use up.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys of pilots, for HTTP and as passwords of MQTT.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Of the pilot: up to 32 of a-z, 0-9 and '-', beginning with a letter.")]
Contact = Annotated[str | None, typer.Option(help="Whom to write to.")]
Theme = Annotated[str | None, typer.Option(help="What it is about.")]
Edition = Annotated[str | None, typer.Option(help="Of the programme, such as 2026.")]
Quota = Annotated[
    list[str] | None, typer.Option(help="As requests_per_minute=600, any number of times; `=default` for the default.")
]
Actuator = Annotated[
    list[str] | None, typer.Option(help="A device of the shared city that it may command, any number of times.")
]
Scopes = Annotated[list[Scope] | None, typer.Option("--scope", help="What the key is good for.", show_default="all")]
Expires = Annotated[str | None, typer.Option(help="When the key ends, as 2027-01-01T00:00:00Z.", show_default="never")]
KeyName = Annotated[str, typer.Argument(help="Of the key.")]


@pilots_app.command("add")
@with_settings("data_dir, control_url, broker_admin")
def add_pilot(
    settings: Settings,
    name: Name,
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.PILOT,
    contact: Contact = None,
    theme: Theme = None,
    edition: Edition = None,
    quota: Quota = None,
    actuator: Actuator = None,
    scope: Scopes = None,
    expires: Expires = None,
) -> None:
    """Make a pilot, and print its first key, which cannot be had again."""
    from sandbox import pilots as administer

    about = administer.about(contact=contact, theme=theme, edition=edition, quotas=quota, actuators=actuator)
    key = administer.add(settings, name, role=role, about=about, scopes=scope, expires=expires)
    say(f"{name} is made, with the key of its name, shown this once:")
    typer.echo(key)


@pilots_app.command("list")
@with_settings("data_dir, control_url")
def list_pilots(
    settings: Settings,
    role: Annotated[Role | None, typer.Option(help="Only this role.")] = None,
    theme: Annotated[str | None, typer.Option(help="Only this theme.")] = None,
    edition: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    suspended: Annotated[bool | None, typer.Option("--suspended/--active", help="Only these.")] = None,
) -> None:
    """List pilots: when last seen, connections, the quota nearest to its limit, theme, edition, budget, contact."""
    from sandbox import pilots as administer

    administer.list_pilots(settings, typer.echo, role=role, theme=theme, edition=edition, suspended=suspended)


@pilots_app.command("show")
@with_settings("data_dir, control_url")
def show_pilot(settings: Settings, name: Name) -> None:
    """Show all that is known of a pilot: quotas, keys, budget."""
    from sandbox import pilots as administer

    administer.show_pilot(settings, name, typer.echo)


@pilots_app.command("change")
@with_settings("data_dir, control_url, broker_admin")
def change_pilot(
    settings: Settings,
    name: Name,
    contact: Contact = None,
    theme: Theme = None,
    edition: Edition = None,
    quota: Quota = None,
    actuator: Actuator = None,
    no_actuators: Annotated[bool, typer.Option("--no-actuators", help="It may command none any more.")] = False,
) -> None:
    """Change what is known of a pilot, what it may use up and what it may command."""
    from sandbox import pilots as administer

    actuators = [] if no_actuators else actuator
    about = administer.about(contact=contact, theme=theme, edition=edition, quotas=quota, actuators=actuators)
    administer.change(settings, name, about)
    say(f"{name} is changed" if about else "nothing was asked for, nothing is changed")


@pilots_app.command("suspend")
@with_settings("data_dir, control_url, broker_admin")
def suspend_pilot(
    settings: Settings, name: Name, reason: Annotated[str, typer.Option(help="Why; it is kept.")]
) -> None:
    """Make all keys of a pilot good for nothing, and cut its connections, until it is resumed."""
    from sandbox.init import SHELL
    from sandbox.pilots import changing

    with changing(settings) as register:
        register.suspend(name, by=SHELL, reason=reason)
    say(f"{name} is suspended")


@pilots_app.command("resume")
@with_settings("data_dir, control_url, broker_admin")
def resume_pilot(settings: Settings, name: Name) -> None:
    """Let a suspended pilot go on."""
    from sandbox.init import SHELL
    from sandbox.pilots import changing

    with changing(settings) as register:
        register.resume(name, by=SHELL)
    say(f"{name} may go on")


@pilots_app.command("grant")
@with_settings("data_dir, control_url")
def grant(
    settings: Settings,
    name: Name,
    amount: Annotated[str, typer.Argument(help="What it is given [DH], as 50000 or 1200.50.")],
    note: Annotated[str, typer.Option(help="What for.")] = "",
    date: Annotated[str | None, typer.Option(help="Day, as 2026-11-23.", show_default="today")] = None,
) -> None:
    """Enter a grant in the budget of a pilot; grants come to 200,000 DH at most."""
    from sandbox import pilots as administer

    say(f"{name} has {administer.grant(settings, name, amount, note, date)} DH left")


@keys_app.command("add")
@with_settings("data_dir, control_url, broker_admin")
def add_key(settings: Settings, pilot: Name, name: KeyName, scope: Scopes = None, expires: Expires = None) -> None:
    """Give a pilot another key, and print it; it cannot be had again."""
    from sandbox import pilots as administer

    key = administer.issue(settings, pilot, name, scopes=scope, expires=expires)
    say(f"the key {name} of {pilot}, shown this once; its MQTT user is {pilot if name == MAIN else f'{pilot}_{name}'}:")
    typer.echo(key)


@keys_app.command("list")
@with_settings("data_dir, control_url")
def list_keys(
    settings: Settings,
    pilot: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    prefix: Annotated[str, typer.Option(help="Only those that begin so: for a key that was found somewhere.")] = "",
) -> None:
    """List keys, by what they begin with; also those that were."""
    from sandbox import pilots as administer

    administer.show_keys(settings, pilot, prefix, typer.echo)


@keys_app.command("rotate")
@with_settings("data_dir, control_url, broker_admin")
def rotate_key(
    settings: Settings, pilot: Name, name: Annotated[str, typer.Argument(help="Of the key.")] = MAIN
) -> None:
    """Put another key in the place of one, and print it; the old one is good for nothing from now on."""
    from sandbox import pilots as administer

    key = administer.rotate(settings, pilot, name)
    say(f"the new key {name} of {pilot}, shown this once:")
    typer.echo(key)


@keys_app.command("revoke")
@with_settings("data_dir, control_url, broker_admin")
def revoke_key(settings: Settings, pilot: Name, name: KeyName) -> None:
    """Make a key good for nothing from now on, and cut its connections."""
    from sandbox.init import SHELL
    from sandbox.pilots import changing

    with changing(settings) as register:
        register.revoke(pilot, name, by=SHELL)
    say(f"the key {name} of {pilot} is revoked")
