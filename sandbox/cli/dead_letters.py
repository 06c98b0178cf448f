"""Commands on dead letters."""

import typer

from sandbox.cli.options import with_settings
from sandbox.settings import Settings

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
