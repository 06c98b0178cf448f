"""`zenata dead-letters`: asks the API of the running city, as it keeps the store."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from zenata.errors import SetupError
from zenata.settings import Settings

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
    try:
        url = json.loads(settings.run_file.read_text())["http"]
        key = (settings.data_dir / "admin.key").read_text().strip()
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(f"no city is running in {settings.data_dir}; start it with `zenata up`") from error
    request = urllib.request.Request(f"{url}{path}", method=method, headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - our own http URL
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 - our own http URL
            told: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        raise SetupError(f"{url}{path} refused: {json.load(error).get('detail', error.reason)}") from error
    except (OSError, ValueError) as error:
        raise SetupError(f"the city at {url} does not answer: {error}") from error
    return told
