"""The commands `zenata edition`: opens an edition with a frozen set of seeds, declares versions, and closes it."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from sandbox.cli.options import USER, Ask, with_api, with_settings
from sandbox.screen import say, show_json, table
from sandbox.settings import Settings

editions_app = typer.Typer(
    help="Editions of the programme, and the frozen set of seeds that each closes with (docs/trials.md).",
    no_args_is_help=True,
)

Edition = Annotated[str, typer.Argument(help="Such as 2026.")]


def _at(edition: str, *words: str) -> str:
    return "/".join(("/v1/editions", *(quote(word, safe="") for word in (edition, *words))))


@editions_app.command()
@with_api("demo")
def show(ask: Ask, edition: Edition) -> None:
    """Show an edition as JSON: how far it is, the commitment to its frozen set, and the versions declared."""
    show_json(ask(_at(edition)))


@editions_app.command("open")
@with_api("admin")
def open_edition(ask: Ask, edition: Edition) -> None:
    """Open an edition: 20 hidden seeds are drawn for its close, and their SHA-256 is published."""
    show_json(ask(_at(edition, "open"), "POST"))


@editions_app.command()
@with_api("demo")
def declare(
    ask: Ask,
    edition: Edition,
    challenge: Annotated[str, typer.Argument(help="A challenge, such as leak-detection.")],
    version: Annotated[str, typer.Option(help="What names the version, such as a tag.")],
    digest: Annotated[
        str, typer.Option(help="sha256:... of the container image that SAZ is to run.", show_default="that of --file")
    ] = "",
    file: Annotated[Path | None, typer.Option(help="The one file that SAZ is to run, such as an archive.")] = None,
    name: Annotated[str, typer.Option(help="Shown on the final leaderboard.", show_default="the pilot's")] = "",
) -> None:
    """Declare which version of a service runs the frozen set of a challenge: an image, by its digest, or a file."""
    from sandbox.frozen import digest_of

    if (file is None) == (not digest):
        raise typer.BadParameter("say what is to run by --digest or by --file")
    new = {"version": version, "digest": digest_of(file) if file else digest, "name": name}
    show_json(ask(_at(edition, "declarations", challenge), "PUT", new))


@editions_app.command()
@with_api("admin")
def freeze(ask: Ask, edition: Edition) -> None:
    """Begin the runs of the frozen set, once; print pilot, challenge, trial, version and digest of each: `play` plays them."""
    members = ("pilot", "challenge", "trial", "version", "digest")
    found = ask(_at(edition, "freeze"), "POST")["declarations"]
    table([member.upper() for member in members], ([one[member] for member in members] for one in found))


@editions_app.command()
@with_settings("data_dir")
def play(
    settings: Settings,
    edition: Edition,
    pilot: Annotated[str, typer.Argument(help="Who declared the version.")],
    challenge: Annotated[str, typer.Argument(help="A challenge, such as leak-detection.")],
    exec_: Annotated[
        str,
        typer.Option(
            "--exec",
            help="Command that starts the service; {file} in it is the file, or it names the image by its digest.",
        ),
    ],
    file: Annotated[Path | None, typer.Option(help="The file that was declared.", show_default="an image")] = None,
    user: Annotated[str, typer.Option(help=USER)] = "admin",
) -> None:
    """Play the run of a declared version, if it is what was declared; exit code 0 if it is done, 2 if not."""
    from sandbox.frozen import play_frozen

    over = play_frozen(settings, user, (edition, pilot, challenge), exec_, file, say)
    typer.echo(f"{over['trial']} is {over['phase']}{f': {reason}' if (reason := over['reason']) else ''}")
    if over["phase"] != "done":
        raise typer.Exit(2)


@editions_app.command()
@with_api("admin")
def close(ask: Ask, edition: Edition) -> None:
    """Close an edition, for good: leaderboards are final, and receipts show the seeds."""
    ask(_at(edition, "close"), "POST")
    show_json(ask(_at(edition)))
