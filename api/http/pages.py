"""Pages of lists whose items keep their order while others come and go."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from api.http.cursors import Cursors
from api.http.params import PageParams

T = TypeVar("T")

Position = tuple[int, int]
"""Where an item stands in its list: a page begins behind the last one of the page before, whether that is still there or not."""


def position_in(params: PageParams, cursors: Cursors, query: str) -> Position | None:
    """Return where the page before ended, if there was one.

    Raises
    ------
    Problem
        422 if the cursor is none of this query.
    """
    if params.cursor is None:
        return None
    first, second = cursors.decode(params.cursor, query, 2)
    return first, second


def page_of(
    items: Sequence[T], position: Callable[[T], Position], params: PageParams, cursors: Cursors, query: str
) -> tuple[Sequence[T], str | None]:
    """Return a page of a list, and the cursor of the next one.

    Parameters
    ----------
    items : sequence
        All of them, or from where the page begins on; in ascending order of their positions.
    position : callable
        Returns that of an item: what it is from then on.
    params : PageParams
    cursors : Cursors
    query : str
        What else the request asks for: the cursor is good for that alone.

    Raises
    ------
    Problem
        422 if the cursor is none of this query.
    """
    behind = position_in(params, cursors, query)
    rest = items if behind is None else [item for item in items if position(item) > behind]
    shown = rest[: params.limit]
    return shown, cursors.encode(position(shown[-1]), query) if len(rest) > len(shown) else None
