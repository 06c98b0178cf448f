"""`zenata dead-letters`: asks the API of the running city, as it keeps the store."""

import json
import urllib.error
from collections.abc import Callable
from typing import Any

from sandbox.init import read_key
from sandbox.running import Running
from sandbox.settings import Settings
from zenata.errors import SetupError

Say = Callable[[str], None]

_PATIENCE = 600.0  # for an answer [s]; many letters take long to decode


def newest(settings: Settings, say: Say) -> None:
    """Show the newest dead letters."""
    letters = _ask(settings, "/v1/dead-letters")["items"]
    if not letters:
        say("there are no dead letters")
    for letter in letters:
        say(f"{letter['received']}  {letter['code']:7} {letter['topic']}\n    {letter['reason']}")


def replay(settings: Settings, say: Say) -> None:
    """Decode all anew."""
    told = _ask(settings, "/v1/dead-letters/replay", method="POST")
    say(f"{told['mended']} are readings now, {told['dead']} are still dead")


def _ask(settings: Settings, path: str, method: str = "GET") -> dict[str, Any]:
    """Ask the API of a running city, with the key of whoever runs it.

    Raises
    ------
    SetupError
        If no city is running, or it refuses.
    """
    running = Running.read(settings.run_file)
    if running is None:
        raise SetupError(f"no city is running in {settings.data_dir}; start it with `zenata up`")
    try:
        key = read_key(settings.data_dir / "admin.key")
        return running.ask(path, key=key, method=method, timeout=_PATIENCE)
    except urllib.error.HTTPError as error:
        raise SetupError(f"{running.http}{path} refused: {json.load(error).get('detail', error.reason)}") from error
    except (OSError, ValueError) as error:
        raise SetupError(f"the city at {running.http} does not answer: {error}") from error
