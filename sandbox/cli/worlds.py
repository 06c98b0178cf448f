"""The commands `zenata world`: private worlds of the running city, by its API."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sandbox.cli.options import DataDir, settings_of
from sandbox.screen import table

worlds_app = typer.Typer(help="Worlds of the running city: its own, and private ones.", no_args_is_help=True)

WorldName = Annotated[str, typer.Argument(help="Name of the world, such as w-1a2b3c.")]
User = Annotated[str, typer.Option(help="Whose key to take: USER.key in the data directory.")]
SpeedWord = Annotated[str | None, typer.Option(help="World seconds per second, 1 to 3600, or max.")]
Paused = Annotated[bool, typer.Option("--paused", help="It moves only when it is advanced.")]

_HEADINGS = ("WORLD", "OWNER", "STATE", "TIME", "SPEED")


def _ask(data_dir: Any, user: str, path: str, method: str = "GET", **members: object) -> Any:  # noqa: ANN401 - any JSON
    from sandbox.running import ask

    body = {name: value for name, value in members.items() if value is not None}
    return ask(settings_of(data_dir=data_dir), f"/v1/worlds{path}", method, body or None, user=user)


def _at(world: str, *words: str) -> str:
    return "/" + "/".join(quote(word, safe="") for word in (world, *words))


def _speed(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _row(world: dict[str, Any]) -> list[str]:
    return [world["world"], world["owner"] or "-", world["state"], world["time"], str(world["speed"])]


def _show(document: object) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


@worlds_app.command("list")
def list_worlds(user: User = "admin", data_dir: DataDir = None) -> None:
    """List worlds: name, owner, state, time and speed."""
    found = _ask(data_dir, user, "")["items"]
    table(_HEADINGS, map(_row, found))


@worlds_app.command()
def create(
    seed: Annotated[int, typer.Option(help="What all chance comes from.")] = 1,
    start: Annotated[
        str | None, typer.Option(help="First moment, as 2026-07-01T06:00:00Z or -1d.", show_default="now")
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario of the city pack.")] = None,
    speed: SpeedWord = None,
    paused: Paused = False,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only these kinds publish, any number of times.", show_default="all")
    ] = None,
    district: Annotated[
        list[str] | None, typer.Option(help="Only these districts publish, any number of times.", show_default="all")
    ] = None,
    user: User = "demo",
    data_dir: DataDir = None,
) -> None:
    """Make a private world, and print its name."""
    more = {"kinds": kind, "districts": district, "state": "paused" if paused else None}
    made = _ask(data_dir, user, "", "POST", seed=seed, start=start, scenario=scenario, speed=_speed(speed), **more)
    typer.echo(made["world"])


@worlds_app.command()
def show(world: WorldName, user: User = "admin", data_dir: DataDir = None) -> None:
    """Show the state of a world as JSON."""
    _show(_ask(data_dir, user, _at(world)))


@worlds_app.command()
def delete(world: WorldName, user: User = "admin", data_dir: DataDir = None) -> None:
    """Delete a private world."""
    _ask(data_dir, user, _at(world), "DELETE")


@worlds_app.command()
def clock(
    world: WorldName,
    speed: SpeedWord = None,
    pause: Annotated[
        bool | None, typer.Option("--pause/--run", help="Pause it, or let it run.", show_default="as it is")
    ] = None,
    user: User = "admin",
    data_dir: DataDir = None,
) -> None:
    """Change the clock of a world, and show it."""
    state = None if pause is None else "paused" if pause else "running"
    path = _at(world, "clock")
    table(_HEADINGS, [_row(_ask(data_dir, user, path, "PATCH", state=state, speed=_speed(speed)))])


@worlds_app.command()
def advance(
    world: WorldName,
    steps: Annotated[int | None, typer.Option(help="Ticks; give this or --end.")] = None,
    end: Annotated[
        str | None,
        typer.Option("--end", "--until", help="Up to this time, as 2026-07-01T07:00:00Z, or so far as +10m."),
    ] = None,
    every: Annotated[str | None, typer.Option(help="Length of a tick, 10s to 1h.", show_default="10s")] = None,
    user: User = "admin",
    data_dir: DataDir = None,
) -> None:
    """Move a paused world on, and say how many readings there were; query them with /v1/readings."""
    moved = _ask(data_dir, user, _at(world, "advance"), "POST", steps=steps, end=end, every=every, limit=0)
    typer.echo(f"{world} stands at {moved['time']}, {moved['rows']:,} readings later")


@worlds_app.command()
def events(world: WorldName, user: User = "admin", data_dir: DataDir = None) -> None:
    """List the events of a world: id, type, start and end."""
    found = _ask(data_dir, user, _at(world, "events"))["items"]
    if not found:
        typer.echo(f"there are no events in {world}")
        return
    rows = ((event["id"], event["type"], event["start"], event["end"] or "-") for event in found)
    table(("EVENT", "TYPE", "START", "END"), rows)


@worlds_app.command()
def fork(
    world: WorldName,
    start: Annotated[
        str | None,
        typer.Option("--start", "--at", help="As it was at this time, as -1h.", show_default="as it is now"),
    ] = None,
    speed: SpeedWord = None,
    paused: Paused = False,
    user: User = "admin",
    data_dir: DataDir = None,
) -> None:
    """Make a private world that continues another, and print its name."""
    state = "paused" if paused else None
    typer.echo(
        _ask(data_dir, user, _at(world, "fork"), "POST", start=start, speed=_speed(speed), state=state or "running")[
            "world"
        ]
    )
