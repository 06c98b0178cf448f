"""Trials from the command line: puts a service through one, and computes receipts again."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from sandbox.init import read_key
from sandbox.running import Running, ask, find, reason_not_ready
from sandbox.screen import Say
from sandbox.settings import Settings
from zenata.city.pack import load_city
from zenata.city.sentences import Language
from zenata.contract.reports import TrialReport
from zenata.errors import SetupError
from zenata.trials.receipt import ReceiptError, check_receipt, city_digest, code_digest, read_receipt
from zenata.trials.registry import CHALLENGES
from zenata.trials.report import report_html

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Browsers that print reports, by the names of their commands."""

_PRINT = 120.0  # that a browser may take to print [s]
_ALONE = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0", "--history-days", "0")  # beside any other, at once
KILLED = "killed"
"""Name of the row of a service that is killed midway."""

_GLANCE = 0.05  # between two looks at how far a trial is [s]
_LOOK = 0.5  # between two looks at a trial [s]
_END = 10.0  # that a service has to end by itself after its trial [s]


@contextmanager
def city_for(settings: Settings, say: Say) -> Iterator[None]:
    """Have a city for as long as a trial takes: the one that runs, or one that is started for it, and stopped afterwards.

    Raises
    ------
    SetupError
        If it does not start.
    """
    running = Running.read(settings.run_file)
    if running is not None and running.is_alive:
        yield
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / "trial-city.log"
    say(f"no city is running: one is started in {settings.data_dir.absolute()} for this trial")
    with log.open("wb") as file:
        up = [sys.executable, "-P", "-m", "sandbox", "up", "--data-dir", str(settings.data_dir), *_ALONE]
        city = subprocess.Popen(up, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)  # noqa: S603 - ours
    try:
        while (running := Running.read(settings.run_file)) is None or reason_not_ready(running):
            if city.poll() is not None:
                raise SetupError(f"the city did not start, with exit code {city.returncode}: {log} says why")
            time.sleep(_LOOK)
        yield
    finally:
        city.terminate()
        city.wait()


def run_trial(
    settings: Settings, user: str, new: object, command: str | None, say: Say, *, killed: bool = False
) -> dict[str, Any]:
    """Begin a trial, start the service, and wait for the end of both; return the trial.

    Parameters
    ----------
    settings : Settings
    user : str
        Whose key to take.
    new : dict
        The trial to begin.
    command : str or None
        Starts the service; None waits for one that somebody starts.
    say : callable
    killed : bool
        Kill the service midway in its first seed, and start it again.

    Raises
    ------
    SetupError
        If no city is running, it refuses the trial, or the command cannot be started.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # which cancels the trial, as Ctrl-C does
    trial = ask(settings, "/v1/trials", "POST", new, user=user)
    path = f"/v1/trials/{trial['trial']}"
    seeds = f"{trial['seeds']} seed{'s' if trial['seeds'] > 1 else ''}"
    say(f"trial {trial['trial']} of {trial['challenge']}, {seeds} of {trial['steps']} steps")
    played = trial["parts"] or [trial["trial"]]
    if command is None:
        say(f"start the service with ZENATA_TRIAL={', and again with '.join(played)}")
    services: dict[str, subprocess.Popen[bytes]] = {}
    try:
        try:
            if command is not None:
                start_services(settings, user, _key(settings, user), trial, command, services, say)
            first = played[0]
            if killed and first in services and _is_midway(settings, user, f"/v1/trials/{first}", services[first]):
                services[first].kill()
                services[first].wait()
                say("the service was killed midway, and is started again")
                services[first] = start_service(settings, _key(settings, user), trial, first, command or "")
            return wait_for_end(settings, user, path, services, say)
        finally:
            for service in services.values():
                end_service(service)
    except BaseException:
        ask(settings, path, "DELETE", user=user)
        raise


def start_services(
    settings: Settings,
    user: str,
    key: str,
    trial: dict[str, Any],
    command: str,
    services: dict[str, subprocess.Popen[bytes]],
    say: Say,
) -> None:
    """Start a service for a trial, or for each part of it, when it has a world, and with it topics to subscribe to.

    Parts get their worlds in any order: who waited for one while others had all the room would wait for ever. A service that
    ends before what it plays ends the waiting.

    Parameters
    ----------
    settings : Settings
    user, key : str
        Who looks whether there are worlds, and the key that services get.
    trial : dict
    command : str
    services : dict of str to Popen
        Those that are started, by what each plays.
    say : callable

    Raises
    ------
    SetupError
        If one cannot be started.
    """
    waiting: list[str] = trial["parts"] or [trial["trial"]]
    positions: dict[str, int] = {}
    while waiting and _ended_early(settings, user, services) is None:
        for played in tuple(waiting):
            now: dict[str, Any] = ask(settings, f"/v1/trials/{played}", user=user)
            if now["phase"] in ("done", "failed", "cancelled"):  # played before this was interrupted
                waiting.remove(played)
            elif now["world"] or now["phase"] == "scoring":
                services[played] = start_service(settings, key, trial, played, command)
                waiting.remove(played)
            elif now["place"] and positions.setdefault(played, 0) != now["place"]:
                positions[played] = now["place"]
                say(f"{played} waits for room: trials before it: {now['place']}")
        time.sleep(_LOOK if services else _GLANCE)


def _key(settings: Settings, user: str) -> str:
    return read_key(settings.data_dir / f"{user}.key")


def start_service(
    settings: Settings, key: str, trial: dict[str, Any], played: str, command: str
) -> subprocess.Popen[bytes]:
    """Start a service that plays a trial, or a part of it, by its environment.

    Raises
    ------
    SetupError
        If it cannot be started.
    """
    running = find(settings)
    about = {
        "ZENATA_URL": running.http,
        "ZENATA_KEY": key,
        "ZENATA_MQTT": running.mqtt,
        "ZENATA_USER": trial["pilot"],  # on MQTT
        "ZENATA_TRIAL": played,
    }
    try:
        return subprocess.Popen(shlex.split(command), env={**os.environ, **about})  # noqa: S603 - what the user asks for
    except (OSError, ValueError) as error:
        raise SetupError(f"--exec {command!r} cannot be started: {error}") from error


def wait_for_end(
    settings: Settings,
    user: str,
    path: str,
    services: Mapping[str, subprocess.Popen[bytes]],
    say: Say,
    *,
    cancels: bool = True,
) -> dict[str, Any]:
    """Wait until a trial is over, or a service ends before the trial that it plays, which cancels it or leaves it."""
    done = 0
    while True:
        trial: dict[str, Any] = ask(settings, path, user=user)
        if trial["seeds_done"] != done:
            done = trial["seeds_done"]
            say(f"{done} of {trial['seeds']} seeds are done")
        if trial["phase"] in ("done", "failed", "cancelled"):
            return trial
        if (code := _ended_early(settings, user, services)) is not None:
            reason = f"the service ended before it, with exit code {code}"
            if not cancels:
                return {**trial, "reason": reason}
            ask(settings, path, "DELETE", user=user)
            return {**trial, "phase": "cancelled", "reason": reason}
        time.sleep(_LOOK)


def _ended_early(settings: Settings, user: str, services: Mapping[str, subprocess.Popen[bytes]]) -> int | None:
    """Return the exit code of a service that has ended before what it plays, or None."""
    for played, service in services.items():
        code = service.poll()  # before its trial is looked at: it ends when that is over
        if code is not None and ask(settings, f"/v1/trials/{played}", user=user)["phase"] in ("queued", "running"):
            return code
    return None


def _is_midway(settings: Settings, user: str, path: str, service: subprocess.Popen[bytes]) -> bool:
    """Wait until half of the first seed is over; return whether the trial still goes on then, and the service."""
    while service.poll() is None:
        trial: dict[str, Any] = ask(settings, path, user=user)
        if trial["phase"] in ("done", "failed", "cancelled"):
            return False
        if trial["seeds_done"] or trial["step"] * 2 >= trial["steps"]:
            return True
        time.sleep(_GLANCE)
    return False


def end_service(service: subprocess.Popen[bytes]) -> None:
    """Let a service end by itself, or end it."""
    try:
        service.wait(_END)
    except subprocess.TimeoutExpired:
        service.terminate()
        try:
            service.wait(_END)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def write_junit(file: Path, trial: dict[str, Any], at_least: float) -> None:
    """Write a trial as JUnit XML: a test case for each seed, which fails below so many points, and one for the whole.

    Raises
    ------
    SetupError
        If the file cannot be written.
    """
    cases: list[tuple[str, float | None, str]] = [
        (f"seed {result['seed']}", result["points"], "") for result in trial["results"]
    ]
    mean = trial["score"]["mean"] if trial["score"] else None
    cases.append(
        ("mean", mean, "" if trial["phase"] == "done" else f"the trial is {trial['phase']}: {trial['reason']}")
    )
    suite = ET.Element("testsuite", name=f"trial {trial['challenge']}", tests=str(len(cases)))
    failures = 0
    for name, points, problem in cases:
        case = ET.SubElement(suite, "testcase", name=name, classname=trial["challenge"])
        if not problem and points is not None and points < at_least:
            problem = f"{points:.1f} points, below {at_least:g}"
        if problem:
            failures += 1
            ET.SubElement(case, "failure", message=problem)
        elif points is not None:
            ET.SubElement(case, "system-out").text = f"{points:.3f} points"
    suite.set("failures", str(failures))
    try:
        ET.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}") from error


def write_report(document: object, file: Path, format_: str, lang: Language) -> None:
    """Write the report of a trial.

    Parameters
    ----------
    document : object
        The report as JSON has it (`zenata.contract.reports.TrialReport`).
    file : Path
    format_ : str
        ``html``, ``json``, or ``pdf``, which Chromium or Chrome prints from the HTML.
    lang : str

    Raises
    ------
    SetupError
        If the file cannot be written, or there is no browser that prints.
    """
    if format_ == "json":
        text = msgspec.json.format(msgspec.json.encode(document)).decode()
    else:
        text = report_html(msgspec.convert(document, TrialReport), lang, unfolded=format_ == "pdf")
    try:
        if format_ == "pdf":
            _print(text, file.absolute())
        else:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}") from error


def _print(page: str, file: Path) -> None:
    """Print a page to a PDF file."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SetupError(f"a PDF needs a browser that prints ({', '.join(BROWSERS)}): install one, or print the HTML")
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
        ]
        if os.geteuid() == 0:  # Chromium's sandbox does not start as root; the page has no scripts
            command.append("--no-sandbox")
        try:
            done = subprocess.run(  # noqa: S603 - a browser on the user's own path
                [*command, f"--print-to-pdf={made}", source.as_uri()], capture_output=True, timeout=_PRINT, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"{browser} has printed nothing in {_PRINT:.0f} s: print the HTML by hand") from error
        if not made.is_file():
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
            raise SetupError(f"{browser} has printed nothing (exit code {done.returncode}): {last[0]}")
        shutil.move(made, file)


def verify_receipt(settings: Settings, file: Path, key: str | None, say: Say) -> bool:
    """Check a receipt and compute its scores again; say what was found, and return whether all agrees.

    Raises
    ------
    SetupError
        If the file cannot be read.
    """
    from simulators.host.trials import recomputed  # the physics, which other commands need not wait for

    try:
        receipt = read_receipt(file.read_bytes())
        facts = check_receipt(receipt, key)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    except ReceiptError as error:
        say(f"WRONG    {error}")
        return False
    say(f"signed   by {receipt.key}")
    say(f"trial    {facts.trial} of {facts.pilot}: {facts.challenge}, {facts.mode}, mean {facts.mean:.3f} points")
    if facts.version:
        say(f"frozen   the run of a frozen set by version {facts.version}")
    city = load_city(settings.city)
    if facts.city != city_digest(city):
        say(f"WRONG    it was made in another city than {city.id}: name its pack with --city")
        return False
    if facts.challenge not in CHALLENGES:
        say(f"WRONG    this version has no challenge {facts.challenge!r}")
        return False
    if facts.code != code_digest():
        say("note     other code has made it than is here, so scores may differ")
    same = True
    for number, evidence in enumerate(receipt.evidence, 1):
        if evidence.seed is None:
            say("note     its seeds are hidden until the edition is closed, so no score was computed again")
            break
        points = recomputed(city, CHALLENGES[facts.challenge], evidence).points
        same &= points == evidence.points
        verdict = "same    " if points == evidence.points else "WRONG   "
        say(f"{verdict} seed {number}: {evidence.points:.6f} points were signed, {points:.6f} computed")
    return same
