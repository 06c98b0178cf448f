"""Progress bars, for whoever looks on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from zenata_client.errors import SetupError

EXTRA = 'pip install "./client[frames,progress]" in the folder of the sandbox'
"""How to install what only some calls need."""


@contextmanager
def bar(
    show: bool, what: str, unit: str, total: int | None = None, begin: int = 0
) -> Iterator[Callable[[int], object]]:
    """Show a bar until the end of the block, and give what moves it on by an amount.

    Parameters
    ----------
    show : bool
        Nothing is shown if not.
    what, unit : str
        What goes on, and what is counted.
    total : int, optional
        How much it will be, if that is known.
    begin : int
        How much there is already.

    Raises
    ------
    SetupError
        If tqdm is not installed.
    """
    if not show:
        yield lambda _: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        raise SetupError(f"a progress bar needs tqdm: {EXTRA}, or leave out progress") from None
    with tqdm(total=total, initial=begin, desc=what, unit=unit, unit_scale=True) as shown:
        yield shown.update
