"""The command `zenata`: reads options into settings, and runs a command.

Each command imports what it runs only when it runs, so that `zenata --help` answers at once.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from sandbox.cli.editions import editions_app
from sandbox.cli.options import settings_of, shortened, with_settings
from sandbox.cli.pilots import keys_app, pilots_app
from sandbox.cli.trials import trials_app
from sandbox.cli.worlds import worlds_app
from sandbox.screen import say
from sandbox.settings import Settings
from zenata.errors import BrokerAwayError, StoreAwayError, ZenataError
from zenata.process.files import is_out_of_room
from zenata.process.log import redacted, start_log
from zenata.process.supervisor import TRY_AGAIN

packs_app = typer.Typer(help="City packs: folders of data, of which each makes a city.", no_args_is_help=True)


@packs_app.command()
def check(path: Annotated[str, typer.Argument(help="Name of a pack that comes with zenata, or a folder.")]) -> None:
    """Check that a city pack holds together and that the simulators can run it."""
    from simulators.check import find_problems
    from zenata.city.pack import LAYERS, load_city, read_layer

    pack = load_city(path)
    kinds = Counter(sensor.kind for sensor in pack.sensors)
    counts = {"districts": len(pack.districts), "streets": len(pack.streets), "sensors": len(pack.sensors)}
    for name, count in (counts | {f"  {kind}": count for kind, count in kinds.items()}).items():
        typer.echo(f"{name:14}{count:>6}")
    for layer in LAYERS:
        read_layer(pack, layer)
    problems = find_problems(pack)
    for problem in problems:
        say(f"zenata: {problem}")
    if problems:
        raise typer.Exit(2)
    typer.echo("ok")


dead_letters_app = typer.Typer(help="Dead letters: messages that could not become readings.", no_args_is_help=True)


@dead_letters_app.command("list")
@with_settings("data_dir, store")
def list_dead_letters(settings: Settings) -> None:
    """Show the newest dead letters, and why they are dead; the city may run or not."""
    from sandbox.cli.city import show_dead_letters

    show_dead_letters(settings, typer.echo)


@dead_letters_app.command("replay")
@with_settings("data_dir")
def replay_dead_letters(settings: Settings) -> None:
    """Decode the dead letters of the running city again, after a fix, and store those that are readings now."""
    from sandbox.cli.city import replay_dead_letters as run

    run(settings, typer.echo)


app = typer.Typer(
    help="The simulated city of Zenata, on MQTT and HTTP.",
    pretty_exceptions_enable=False,
)
app.add_typer(packs_app, name="city")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(pilots_app, name="pilot")
app.add_typer(keys_app, name="key")
app.add_typer(worlds_app, name="world")
app.add_typer(trials_app, name="trial")
app.add_typer(editions_app, name="edition")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"zenata {version('zenata-sandbox')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Run, watch and manage the simulated city of Zenata, on MQTT and HTTP."""


@app.command()
@with_settings(
    "data_dir, host, http_port, mqtt_port, ws_port, tls_cert, tls_key, store, broker, broker_admin, city, world, seed, "
    "start, speed, packs, scenario, history_days, webhook_private"
)
def up(settings: Settings) -> None:
    """Run the whole city: broker, simulators, ingest and API. Ctrl-C stops it."""
    from sandbox.up import up as run

    run(settings, say, main)


@app.command()
@with_settings("data_dir, broker, city, world, seed, start, speed, packs, scenario, store, join, host_name")
def simulate(
    settings: Settings,
    digest_end: Annotated[
        str | None,
        typer.Option(
            "--digest-end",
            "--digest-until",
            help="Publish nothing: simulate from --start up to this time, and print a hash of every reading.",
        ),
    ] = None,
) -> None:
    """Run the simulators alone, against any MQTT broker; with --join, be one of several hosts."""
    from sandbox.simulate import digest
    from sandbox.simulate import simulate as run

    if digest_end is not None:
        typer.echo(digest(settings, digest_end))
    else:
        run(settings)


@app.command(hidden=True)
def template(become: str) -> None:
    """Import everything, and become services (for `up`) or private worlds (for `simulate`), one in each fork."""
    from sandbox.simulate import simulate_on_request
    from sandbox.up import become_service

    become_service(main) if become == "service" else simulate_on_request(settings_of())


@app.command()
@with_settings("data_dir, store, broker, city, worker, share")
def ingest(settings: Settings) -> None:
    """Run ingest alone: readings from any MQTT broker into a store."""
    from sandbox.ingest import ingest as run

    run(settings)


@app.command()
@with_settings(
    "data_dir, host, http_port, tls_cert, tls_key, store, broker, broker_admin, city, world, control_url, join, peer_url, "
    "webhook_private"
)
def serve(settings: Settings) -> None:
    """Run the API alone. With --broker it streams live readings, and with an embedded store it ingests them too."""
    from sandbox.serve import serve as run

    run(settings)


@app.command()
@with_settings("data_dir, store, city, world, seed")
def backfill(
    settings: Settings,
    start: Annotated[str | None, typer.Option(help="From when on, as 2026-01-01T00:00:00Z or -30d.")] = None,
    end: Annotated[
        str | None,
        typer.Option(help="Up to when.", show_default="the first moment of the city, or now if it is not made"),
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="Length of a tick, a multiple of 10s up to 1h.", show_default="15m")
    ] = None,
) -> None:
    """Fill the store with the past of the city. Stopped or killed, the same command goes on."""
    from sandbox.backfill import backfill as run

    if not run(settings, start=start, end=end, every=every, say=say):
        raise typer.Exit(1)


@app.command()
@with_settings("data_dir")
def replay(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="A world's record, or the run.json of a data directory.")],
    city: Annotated[str | None, typer.Option(help="Folder of the city pack, if it is not one of ours.")] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--end",
            "--until",
            help="Stop at this time, or so long after its start as +2h.",
            show_default="go on to its last fingerprint",
        ),
    ] = None,
) -> None:
    """Run a recorded world again, and say whether it is the same, or where it first differs."""
    from sandbox.backfill import replay_record

    if not replay_record(settings, file, city=city, end=end, say=typer.echo):
        raise typer.Exit(1)


@app.command()
@with_settings("data_dir, store, join")
def backup(
    settings: Settings, file: Annotated[Path, typer.Argument(help="Made, as a gzipped tar; it must not be there yet.")]
) -> None:
    """Write the data directory into one file, while the city runs or not; with --join the worlds of the cluster, too."""
    from sandbox.backup import backup as run

    run(settings, file, say)


@app.command()
@with_settings("data_dir, join")
def restore(settings: Settings, file: Annotated[Path, typer.Argument(help="A backup.")]) -> None:
    """Make a data directory out of a backup; worlds of a cluster go to that of --join."""
    from sandbox.backup import restore as run

    run(settings, file, say)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Made if it is not there; left as it is if it is.")] = Path(".compose"),
) -> None:
    """Make what docker-compose.yml needs: folders, users, rights, and secrets that nobody else may read."""
    from sandbox.init import init as run

    made = run(folder)
    typer.echo(f"{folder} {'is made' if made else 'is there already, and left as it is'}: now run")
    typer.echo(f"  docker compose --env-file {folder / '.env'} up --build --detach")


@app.command()
@with_settings("data_dir, host, http_port, mqtt_port, ws_port, tls_cert, tls_key, store, broker")
def doctor(settings: Settings) -> None:
    """Check ports, versions, disk, broker and store, and say how to mend what is wrong."""
    from sandbox.doctor import examine

    if not examine(settings, typer.echo):
        raise typer.Exit(1)


@app.command()
@with_settings("data_dir")
def status(settings: Settings) -> None:
    """Show whether the city runs, where it answers, and how its worlds are. Exit code 1 if it is not ready."""
    from sandbox.cli.city import status as run

    if not run(settings, typer.echo):
        raise typer.Exit(1)


@app.command()
@with_settings("data_dir, join")
def hosts(
    settings: Settings,
    drain: Annotated[
        str | None, typer.Option(help="Let this host's worlds move to others, before it is stopped.")
    ] = None,
    resume: Annotated[str | None, typer.Option(help="Let this host take worlds again.")] = None,
    move: Annotated[str | None, typer.Option(metavar="WORLD", help="Let this world move to the host of --to.")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="HOST", help="The host that the world of --move is to run on.")
    ] = None,
) -> None:
    """List the machines that run worlds: of the city that runs here, or with --join of a cluster."""
    from sandbox.cli.city import show_hosts

    if (move is None) != (to is None):
        raise typer.BadParameter("--move WORLD and --to HOST go together")
    moved = (move, to) if move is not None and to is not None else None
    show_hosts(settings, typer.echo, drain=drain, resume=resume, move=moved)


@app.command("open")
@with_settings("data_dir, control_url")
def open_page(
    settings: Settings,
    pilot: Annotated[str, typer.Argument(help="As whom to log in.")] = "demo",
    browser: Annotated[bool, typer.Option(help="Open it in a browser, too.")] = True,
) -> None:
    """Open the page of the running city, logged in by a link that is good once, for 15 minutes."""
    from sandbox.cli.city import open_page as run

    run(settings, pilot, typer.echo, browser=browser)


@app.command()
@with_settings("data_dir")
def stop(settings: Settings) -> None:
    """Stop the city that runs on a data directory, and wait until it has stopped."""
    from sandbox.cli.city import stop as run

    run(settings, say)


def main() -> None:
    """Run the command line; an error that a user can fix is one line, with exit code 2, or `TRY_AGAIN` for what may pass."""
    start_log()
    code = 2
    try:
        # In standalone mode typer would draw a frame of many lines around an error in an option.
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except ZenataError as error:
        if isinstance(error, BrokerAwayError | StoreAwayError) or is_out_of_room(error):
            code = TRY_AGAIN
        say(f"zenata: {redacted(str(error))}")
    except TyperException as error:
        if message := error.format_message():  # empty where the help was shown instead
            say(f"zenata: {redacted(shortened(message))}")
    except Exception as error:
        if not is_out_of_room(error):
            raise
        code = TRY_AGAIN
        say("zenata: the disk of the data directory is full: free some, and it goes on")
    if code == TRY_AGAIN:
        # What they still hold may have no room either: to fail in writing it at the exit would make the code 120.
        sys.stdout = sys.stderr = None
    sys.exit(code)
