"""The commands `zenata world`: private worlds of the running city, by its API."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from sandbox.cli.options import Ask, with_api
from sandbox.screen import show_json, table

worlds_app = typer.Typer(help="Worlds of the running city: its own, and private ones.", no_args_is_help=True)

WorldName = Annotated[str, typer.Argument(help="Name of the world, such as w-1a2b3c.")]
SpeedWord = Annotated[str | None, typer.Option(help="World seconds per second, 1 to 3600, or max.")]
Paused = Annotated[bool, typer.Option("--paused", help="It moves only when it is advanced.")]

_HEADINGS = ("WORLD", "OWNER", "STATE", "TIME", "SPEED")


def _at(*words: str) -> str:
    return "/".join(("/v1/worlds", *(quote(word, safe="") for word in words)))


def _given(**members: object) -> dict[str, object]:
    """Return the members of a request that options give."""
    return {name: value for name, value in members.items() if value is not None}


def _speed(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _row(world: dict[str, Any]) -> list[str]:
    return [world["world"], world["owner"] or "-", world["state"], world["time"], str(world["speed"])]


@worlds_app.command("list")
@with_api("admin")
def list_worlds(ask: Ask) -> None:
    """List worlds: name, owner, state, time and speed."""
    table(_HEADINGS, map(_row, ask(_at())["items"]))


@worlds_app.command()
@with_api("demo")
def create(
    ask: Ask,
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
) -> None:
    """Make a private world, and print its name."""
    which = {"kinds": kind, "districts": district, "state": "paused" if paused else None}
    new = _given(seed=seed, start=start, scenario=scenario, speed=_speed(speed), **which)
    typer.echo(ask(_at(), "POST", new)["world"])


@worlds_app.command()
@with_api("admin")
def show(ask: Ask, world: WorldName) -> None:
    """Show the state of a world as JSON."""
    show_json(ask(_at(world)))


@worlds_app.command()
@with_api("admin")
def delete(ask: Ask, world: WorldName) -> None:
    """Delete a private world."""
    ask(_at(world), "DELETE")


@worlds_app.command()
@with_api("admin")
def clock(
    ask: Ask,
    world: WorldName,
    speed: SpeedWord = None,
    pause: Annotated[
        bool | None, typer.Option("--pause/--run", help="Pause it, or let it run.", show_default="as it is")
    ] = None,
) -> None:
    """Change the clock of a world, and show it."""
    state = None if pause is None else "paused" if pause else "running"
    table(_HEADINGS, [_row(ask(_at(world, "clock"), "PATCH", _given(state=state, speed=_speed(speed))))])


@worlds_app.command()
@with_api("admin")
def advance(
    ask: Ask,
    world: WorldName,
    steps: Annotated[int | None, typer.Option(help="Ticks; give this or --end.")] = None,
    end: Annotated[
        str | None,
        typer.Option("--end", "--until", help="Up to this time, as 2026-07-01T07:00:00Z, or so far as +10m."),
    ] = None,
    every: Annotated[str | None, typer.Option(help="Length of a tick, 10s to 1h.", show_default="10s")] = None,
) -> None:
    """Move a paused world on, and say how many readings there were; query them with /v1/readings."""
    moved = ask(_at(world, "advance"), "POST", _given(steps=steps, end=end, every=every, limit=0))
    typer.echo(f"{world} stands at {moved['time']}, {moved['rows']:,} readings later")


@worlds_app.command()
@with_api("admin")
def events(ask: Ask, world: WorldName) -> None:
    """List the events of a world: id, type, start and end."""
    found = ask(_at(world, "events"))["items"]
    if not found:
        typer.echo(f"there are no events in {world}")
        return
    rows = ((event["id"], event["type"], event["start"], event["end"] or "-") for event in found)
    table(("EVENT", "TYPE", "START", "END"), rows)


@worlds_app.command()
@with_api("admin")
def fork(
    ask: Ask,
    world: WorldName,
    start: Annotated[
        str | None,
        typer.Option("--start", "--at", help="As it was at this time, as -1h.", show_default="as it is now"),
    ] = None,
    speed: SpeedWord = None,
    paused: Paused = False,
) -> None:
    """Make a private world that continues another, and print its name."""
    new = _given(start=start, speed=_speed(speed), state="paused" if paused else "running")
    typer.echo(ask(_at(world, "fork"), "POST", new)["world"])
