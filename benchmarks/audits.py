"""Audits of the page by Lighthouse: performance, accessibility and best practices of each view, 0 to 100.

Lighthouse is no dependency: ``npm install --ignore-scripts lighthouse`` in any folder, and its ``node_modules/.bin`` in PATH, or the
program in the variable LIGHTHOUSE.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks.table import Row
from tests.system.running import running_city

GOAL = 95
VIEWS = ("/", "/pilots", "/trials", "/demo", "/wall")
CATEGORIES = ("performance", "accessibility", "best-practices")
_FLAGS = "--headless --no-sandbox --disable-background-networking --enable-unsafe-swiftshader"


def run() -> list[Row]:
    """Audit the views in French, as a desktop with Debian's Chromium sees them; no rows where Lighthouse is not installed."""
    program = os.environ.get("LIGHTHOUSE") or shutil.which("lighthouse")
    if program is None:
        print(
            "audits: left out, as lighthouse is not in PATH (npm install --ignore-scripts lighthouse)", file=sys.stderr
        )
        return []
    with tempfile.TemporaryDirectory() as folder, running_city(Path(folder) / ".zenata", "--history-days", "1") as city:
        return audit(program, city.http, city.admin_key)


def audit(program: str, url: str, key: str, views: Sequence[str] = VIEWS) -> list[Row]:
    """Audit views of a city that runs, and the page for those who are not logged in."""
    answer = httpx.post(f"{url}/v1/session", json={"key": key}, headers={"Origin": url}, trust_env=False, timeout=60)
    cookie = answer.raise_for_status().headers["set-cookie"].partition(";")[0]
    rows = [_audited(program, "login", f"{url}/?lang=fr", "")]
    return rows + [_audited(program, view, f"{url}{view}?lang=fr", cookie) for view in views]


def _audited(program: str, name: str, address: str, cookie: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [program, address, "--preset=desktop", "--quiet", f"--chrome-flags={_FLAGS}", "--output=json"]
        command += [f"--output-path={file}", f"--only-categories={','.join(CATEGORIES)}"]
        if cookie:
            command.append(f"--extra-headers={json.dumps({'Cookie': cookie})}")
        environment = {"CHROME_PATH": shutil.which("chromium") or "", **os.environ}
        subprocess.run(command, check=True, env=environment, timeout=600)
        report = json.loads(file.read_bytes())
    scores = [round(100 * (report["categories"][one]["score"] or 0)) for one in CATEGORIES]
    for one in CATEGORIES:
        for reference in report["categories"][one]["auditRefs"]:
            found = report["audits"][reference["id"]]
            if reference["weight"] and found["score"] is not None and found["score"] < 0.9:
                shown = found.get("displayValue") or found["title"]
                print(f"  {name}: {reference['id']} {found['score']:.2f} {shown}", file=sys.stderr)
    return Row(f"page: Lighthouse of {name} ({', '.join(CATEGORIES)})", f">= {GOAL} each", ", ".join(map(str, scores)))
