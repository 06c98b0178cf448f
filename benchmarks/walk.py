"""The minister's walk: from `make up` in a fresh clone to the end of the demo in French, while the whole server is killed in the middle.

Each round begins with an empty data directory and another browser profile; the first installs and builds too. A person looks at a
step for some 30 s, which is waited for in part only (`ZENATA_WALK_STEP`) and counted in full.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, expect

from benchmarks.table import Row
from tests.dashboard.browser import browser, visit

ROOT = Path(__file__).parents[1]
ROUNDS = 3
STEPS = 9
LOOK = 30.0
"""How long a person looks at a step [s]."""
HOLD = float(os.environ.get("ZENATA_WALK_STEP", "3"))
KILLED_AT = 5
PATIENCE = 1_200.0
"""For the installation, on a slow network [s]."""


def run() -> list[Row]:
    """Walk three times; pictures of the steps of the last walk go to the folder ZENATA_WALK_PICTURES, if there is one."""
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        clone = Path(folder) / "zenata"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        return [row for number in range(1, ROUNDS + 1) for row in _walk(chromium, clone, number)]


def _walk(chromium: Browser, clone: Path, number: int) -> list[Row]:
    shutil.rmtree(clone / ".zenata", ignore_errors=True)
    begun = time.monotonic()
    with _server(clone) as (address, link, pid):
        ready = time.monotonic()
        with visit(chromium, address, scale=1) as seen:
            page = seen.page
            page.goto(link)
            expect(page.locator(".legend li").first).to_contain_text(re.compile("[1-9]"))
            city = time.monotonic()
            page.goto("/demo")
            expect(page.get_by_text("La démonstration est prête")).to_be_visible(timeout=1_000 * PATIENCE)
            prepared = time.monotonic()
            slowest = _steps(page, pid, number)
            ended = time.monotonic()
            wrong = [*seen.errors, *seen.foreign]
    whole = (prepared - begun) + (ended - prepared) + STEPS * max(LOOK - HOLD, 0)
    print(f"walk {number}: errors of the page: {wrong}")
    return [
        Row(
            f"walk {number}: `make up`{' with its installation' if number == 1 else ''}, city, demo prepared",
            "",
            f"{ready - begun:.0f} s, {city - ready:.0f} s, {prepared - city:.0f} s",
        ),
        Row(
            f"walk {number}: slowest of {STEPS} steps, the server dead from step {KILLED_AT} on", "", f"{slowest:.1f} s"
        ),
        Row(f"walk {number}: all of it, {LOOK:.0f} s a step", "7 min", f"{whole / 60:.1f} min"),
    ]


def _steps(page: Page, pid: int, number: int) -> float:
    """Go through the demo, and return the longest time from a key to the next figure [s]."""
    pictures = os.environ.get("ZENATA_WALK_PICTURES") if number == ROUNDS else None
    waits = []
    for step in range(1, STEPS + 1):
        pressed = time.monotonic()
        if step == 1:
            page.get_by_role("button", name="Français").click()
        else:
            page.keyboard.press("PageDown")
        expect(page.locator(".count")).to_have_text(f"{step} / {STEPS}")
        expect(page.locator(".figure")).to_contain_text(re.compile(r"\d|–"))  # no past yet
        expect(page.get_by_text("Simulé", exact=True)).to_be_visible()
        waits.append(time.monotonic() - pressed)
        if step == KILLED_AT:
            _kill(pid)
        page.wait_for_timeout(1_000 * HOLD)
        if pictures:
            page.screenshot(path=Path(pictures) / f"walk-{step}.png")
    page.keyboard.press("PageDown")
    expect(page.get_by_role("button", name="Français")).to_be_visible()
    return max(waits)


@contextmanager
def _server(clone: Path) -> Iterator[tuple[str, str, int]]:
    """Run `make up` until the end of the block; give its address, the link that logs in once, and its process."""
    command = ["make", "up", "ARGS=--http-port 0 --mqtt-port 0 --ws-port 0"]
    log = clone / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=clone, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE
        about = clone / ".zenata" / "run.json"
        while not ((found := re.search(r"page +(http\S+)", log.read_text())) and about.exists()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()[-2_000:])
            time.sleep(0.2)
        yield found[1].partition("/#")[0], found[1], process.pid
    finally:
        _kill(process.pid)
        process.wait()


def _kill(pid: int) -> None:
    """Kill `make up` and all processes of the server at once, as when the power fails."""
    try:
        make = psutil.Process(pid)
        for one in [make, *make.children(recursive=True)]:
            one.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        pass  # it is dead already
