"""The commands `zenata edition`: opens an edition with a frozen set of seeds, declares versions, and closes it."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sandbox.cli.options import DataDir, settings_of
from sandbox.screen import say, table

editions_app = typer.Typer(
    help="Editions of the programme, and the frozen set of seeds that each closes with (docs/trials.md).",
    no_args_is_help=True,
)

Edition = Annotated[str, typer.Argument(help="Such as 2026.")]
Admin = Annotated[
    str, typer.Option("--user", help="Whose key to take, an administrator's: USER.key in the data directory.")
]


def _ask(data_dir: Any, user: str, edition: str, method: str, part: str = "", body: object = None) -> Any:  # noqa: ANN401 - any JSON
    from sandbox.running import ask

    path = f"/v1/editions/{quote(edition, safe='')}{part}"
    return ask(settings_of(data_dir=data_dir), path, method, body, user=user)


def _show(edition: dict[str, Any]) -> None:
    typer.echo(json.dumps(edition, indent=2, ensure_ascii=False))


@editions_app.command()
def show(
    edition: Edition,
    user: Annotated[str, typer.Option(help="Whose key to take: USER.key in the data directory.")] = "demo",
    data_dir: DataDir = None,
) -> None:
    """Show an edition as JSON: how far it is, the commitment to its frozen set, and the versions declared."""
    _show(_ask(data_dir, user, edition, "GET"))


@editions_app.command("open")
def open_edition(edition: Edition, user: Admin = "admin", data_dir: DataDir = None) -> None:
    """Open an edition: 20 hidden seeds are drawn for its close, and their SHA-256 is published."""
    _show(_ask(data_dir, user, edition, "POST", "/open"))


@editions_app.command()
def declare(
    edition: Edition,
    challenge: Annotated[str, typer.Argument(help="A challenge, such as leak-detection.")],
    version: Annotated[str, typer.Option(help="What names the version, such as a tag.")],
    digest: Annotated[
        str, typer.Option(help="sha256:... of the container image that SAZ is to run.", show_default="that of --file")
    ] = "",
    file: Annotated[Path | None, typer.Option(help="The one file that SAZ is to run, such as an archive.")] = None,
    name: Annotated[str, typer.Option(help="Shown on the final leaderboard.", show_default="the pilot's")] = "",
    user: Annotated[str, typer.Option(help="Whose key to take: USER.key in the data directory.")] = "demo",
    data_dir: DataDir = None,
) -> None:
    """Declare which version of a service runs the frozen set of a challenge: an image, by its digest, or a file."""
    from sandbox.frozen import digest_of

    if (file is None) == (not digest):
        raise typer.BadParameter("say what is to run by --digest or by --file")
    part = f"/declarations/{quote(challenge, safe='')}"
    new = {"version": version, "digest": digest_of(file) if file else digest, "name": name}
    _show(_ask(data_dir, user, edition, "PUT", part, new))


@editions_app.command()
def freeze(edition: Edition, user: Admin = "admin", data_dir: DataDir = None) -> None:
    """Begin the runs of the frozen set, once; print pilot, challenge, trial, version and digest of each: `play` plays them."""
    members = ("pilot", "challenge", "trial", "version", "digest")
    found = _ask(data_dir, user, edition, "POST", "/freeze")["declarations"]
    table([member.upper() for member in members], ([one[member] for member in members] for one in found))


@editions_app.command()
def play(
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
    user: Admin = "admin",
    data_dir: DataDir = None,
) -> None:
    """Play the run of a declared version, if it is what was declared; exit code 0 if it is done, 2 if not."""
    from sandbox.frozen import play_frozen

    over = play_frozen(settings_of(data_dir=data_dir), user, (edition, pilot, challenge), exec_, file, say)
    typer.echo(f"{over['trial']} is {over['phase']}{f': {reason}' if (reason := over['reason']) else ''}")
    if over["phase"] != "done":
        raise typer.Exit(2)


@editions_app.command()
def close(edition: Edition, user: Admin = "admin", data_dir: DataDir = None) -> None:
    """Close an edition, for good: leaderboards are final, and receipts show the seeds."""
    _ask(data_dir, user, edition, "POST", "/close")
    _show(_ask(data_dir, user, edition, "GET"))
