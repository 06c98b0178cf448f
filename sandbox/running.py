"""Where a running city answers, and asking it: by a file in its data directory."""

import json
import urllib.request
from pathlib import Path
from typing import Any, Self

import msgspec

from zenata.process.tls import Trust


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What `run.json` tells.

    Parameters
    ----------
    http, mqtt : str
        URLs.
    ws : str or None
        URL of MQTT over WebSocket, if the broker is the embedded one.
    world : str
    certificate : str or None
        File of what HTTP shows, if it is https.
    pids : dict of str to int
        Process ids by name.
    """

    http: str
    mqtt: str = ""
    ws: str | None = None
    world: str = ""
    certificate: str | None = None
    pids: dict[str, int] = {}

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return what a file tells, or None if it is not there, or none of ours."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return None

    def write(self, file: Path) -> None:
        """Write the file, whole or not at all."""
        partial = file.with_suffix(".part")
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        partial.replace(file)

    def ask(self, path: str, *, key: str = "", method: str = "GET", timeout: float = 5) -> dict[str, Any]:
        """Return the JSON object that the API answers with; `timeout` is the longest it may take [s].

        Raises
        ------
        urllib.error.HTTPError
            If it refuses.
        OSError
            If it does not answer.
        ValueError
            If that is no JSON object.
        """
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        request = urllib.request.Request(f"{self.http}{path}", method=method, headers=headers)  # noqa: S310 - our own URL
        context = Trust(certificate=Path(self.certificate)).context() if self.certificate else None
        with urllib.request.urlopen(request, timeout=timeout, context=context) as response:  # noqa: S310 - our own URL
            answer = json.load(response)
        if not isinstance(answer, dict):
            raise ValueError("the answer is no JSON object")
        return answer
