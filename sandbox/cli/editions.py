"""The commands `zenata edition`: opens an edition with a frozen set of seeds, declares versions, and closes it."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sandbox.cli.options import DataDir, settings_of

editions_app = typer.Typer(
    help="Editions of the programme, and the frozen set of seeds that each closes with (docs/trials.md).",
    no_args_is_help=True,
)

Edition = Annotated[str, typer.Argument(help="Such as 2026.")]
Admin = Annotated[
    str, typer.Option("--user", help="Whose key to take, an administrator's: USER.key in the data directory.")
]


def _ask(data_dir: Any, user: str, edition: str, method: str, part: str = "", body: object = None) -> Any:  # noqa: ANN401 - any JSON
    from sandbox.cli.city import ask

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
    version: Annotated[
        str, typer.Option(help="What names the version for good, such as a tag or the digest of an image.")
    ],
    name: Annotated[str, typer.Option(help="Shown on the final leaderboard.", show_default="the pilot's")] = "",
    user: Annotated[str, typer.Option(help="Whose key to take: USER.key in the data directory.")] = "demo",
    data_dir: DataDir = None,
) -> None:
    """Declare which version of a service runs the frozen set of a challenge."""
    part = f"/declarations/{quote(challenge, safe='')}"
    _show(_ask(data_dir, user, edition, "PUT", part, {"version": version, "name": name}))


@editions_app.command()
def freeze(edition: Edition, user: Admin = "admin", data_dir: DataDir = None) -> None:
    """Begin the runs of the frozen set, once; print pilot, challenge, version and the trial that its service plays as ZENATA_TRIAL."""
    for one in _ask(data_dir, user, edition, "POST", "/freeze")["declarations"]:
        typer.echo(f"{one['pilot']:20} {one['challenge']:18} {one['version']:24} {one['trial']}")


@editions_app.command()
def close(edition: Edition, user: Admin = "admin", data_dir: DataDir = None) -> None:
    """Close an edition, for good: leaderboards are final, and receipts show the seeds."""
    _ask(data_dir, user, edition, "POST", "/close")
    _show(_ask(data_dir, user, edition, "GET"))
