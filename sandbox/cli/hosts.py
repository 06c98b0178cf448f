"""The command `zenata hosts`: machines that share worlds, and which of them runs what."""

from typing import Annotated

import typer

from sandbox.cli.options import DataDir, Join, settings_of

Drain = Annotated[str | None, typer.Option(help="Let this host's worlds move to others, before it is stopped.")]
Resume = Annotated[str | None, typer.Option(help="Let this host take worlds again.")]
Move = Annotated[str | None, typer.Option(metavar="WORLD", help="Let this world move to the host of --to.")]
To = Annotated[str | None, typer.Option(metavar="HOST", help="The host that the world of --move is to run on.")]


def hosts(
    data_dir: DataDir = None,
    join: Join = None,
    drain: Drain = None,
    resume: Resume = None,
    move: Move = None,
    to: To = None,
) -> None:
    """List the machines that run worlds: of the city that runs here, or with --join of a cluster."""
    from sandbox.cli.city import show_hosts

    if (move is None) != (to is None):
        raise typer.BadParameter("--move WORLD and --to HOST go together")
    moved = (move, to) if move is not None and to is not None else None
    show_hosts(settings_of(data_dir=data_dir, join=join), typer.echo, drain=drain, resume=resume, move=moved)
