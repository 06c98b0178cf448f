"""Runs of a frozen set, played by the operator: only what has the digest that was declared is started."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.running import ask
from sandbox.screen import Say
from sandbox.settings import Settings
from sandbox.trials import end_service, start_services, wait_for_end
from zenata.errors import SetupError


def digest_of(file: Path) -> str:
    """Return the digest by which a file is declared.

    Raises
    ------
    SetupError
        If it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error


def play_frozen(
    settings: Settings, user: str, which: tuple[str, str, str], command: str, file: Path | None, say: Say
) -> dict[str, Any]:
    """Play the run of a frozen set with what was declared for it, all its parts side by side; return the trial.

    The service gets a key of the pilot that was made for this run, which is revoked when it is over. When this is
    interrupted, the trial waits, and may be played on.

    Parameters
    ----------
    settings : Settings
    user : str
        An administrator, whose key to take.
    which : (str, str, str)
        Edition, pilot and challenge.
    command : str
        Starts the service; ``{file}`` in it is a copy of the file.
    file : Path or None
        What was declared; None for an image that the command names by its digest.
    say : callable

    Raises
    ------
    SetupError
        If there is no such run, or it is not what was declared.
    """
    edition, pilot, challenge = which
    of_edition = ask(settings, f"/v1/editions/{quote(edition, safe='')}", user=user)
    declared = [one for one in of_edition["declarations"] if (one["pilot"], one["challenge"]) == (pilot, challenge)]
    if not declared or of_edition["phase"] != "frozen":
        raise SetupError(
            f"there is no run of {challenge} by {pilot} to play in {edition}, which is {of_edition['phase']}: "
            f"`zenata edition show {edition}` has the declarations"
        )
    one = declared[0]
    with tempfile.TemporaryDirectory() as folder:
        if file is not None:
            copy = Path(folder, file.name)  # what is looked at is what is run
            try:
                shutil.copy(file, copy)
            except OSError as error:
                raise SetupError(f"{file} cannot be read: {error.strerror}") from error
            if digest_of(copy) != one["digest"]:
                raise SetupError(f"{file} is not what {pilot} declared: it is {digest_of(copy)}, not {one['digest']}")
            command = command.replace("{file}", str(copy))
        elif one["digest"] not in command:
            raise SetupError(f"--exec has to name the image by the digest that was declared, {one['digest']}")
        path, keys = f"/v1/trials/{one['trial']}", f"/v1/pilots/{one['player']}/keys"
        trial = ask(settings, path, user=user)
        say(f"trial {trial['trial']} of {challenge}, version {one['version']} of {pilot}")
        for old in ask(settings, keys, user=user)["items"]:  # of somebody who was interrupted
            if old["state"] == "live":
                ask(settings, f"{keys}/{old['name']}", "DELETE", user=user)
        key = ask(settings, keys, "POST", {"name": "main"}, user=user)["key"]
        services: dict[str, subprocess.Popen[bytes]] = {}
        ask(settings, f"/v1/pilots/{one['player']}/resume", "POST", user=user)
        try:
            start_services(settings, user, key, trial, command, services, say)
            return wait_for_end(settings, user, path, services, say, cancels=False)
        finally:
            for service in services.values():
                end_service(service)
            ask(settings, f"{keys}/main", "DELETE", user=user)
            waits = {"reason": "its run is over, or waits to be played on"}
            ask(settings, f"/v1/pilots/{one['player']}/suspend", "POST", waits, user=user)
