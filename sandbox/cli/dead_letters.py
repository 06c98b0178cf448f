"""Commands on dead letters."""

import typer

from sandbox.cli.options import DataDir, Store, settings_of

dead_letters_app = typer.Typer(help="Dead letters: messages that could not become readings.", no_args_is_help=True)


@dead_letters_app.command("list")
def list_dead_letters(data_dir: DataDir = None, store: Store = None) -> None:
    """Show the newest dead letters, and why they are dead; the city may run or not."""
    settings = settings_of(data_dir=data_dir, store=store)
    from sandbox.cli.city import show_dead_letters

    show_dead_letters(settings, typer.echo)


@dead_letters_app.command("replay")
def replay_dead_letters(data_dir: DataDir = None) -> None:
    """Decode the dead letters of the running city again, after a fix, and store those that are readings now."""
    settings = settings_of(data_dir=data_dir)
    from sandbox.cli.city import replay_dead_letters as run

    run(settings, typer.echo)
