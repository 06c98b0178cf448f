"""Lines and tables for people, on the screen."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import typer

Say = Callable[[str], None]
"""Shows a line."""


def say(text: str) -> None:
    """Print for people, to standard error; what a program may read goes to standard output instead.

    Where that cannot be written, as a log on a full disk, nobody reads it, and whoever says it goes on.
    """
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - what a person reads


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], show: Say = typer.echo) -> None:
    """Show rows below their headings, in columns as wide as what is longest in them; the last is as long as it is."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*(line[:-1] for line in lines), strict=True)]
    for *cells, last in lines:
        show("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), last]).rstrip())


def show_json(document: object) -> None:
    """Show a document of the API as JSON, for people and for programs."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
