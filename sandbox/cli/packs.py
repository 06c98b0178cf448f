"""Commands on city packs."""

from collections import Counter
from typing import Annotated

import typer

from sandbox.screen import say

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
