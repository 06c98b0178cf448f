"""A browser on the page: logs in, collects what the console says, and asks axe for violations."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

ROOT = Path(__file__).parents[2]
AXE = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 60_000  # far beyond what anything here takes [ms]
expect.set_options(timeout=PATIENCE)
_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--enable-unsafe-swiftshader",
    "--use-angle=swiftshader-webgl",  # for the map alone: with no graphics card, pages drawn by shaders take twice as long
)
_SCALE = 0.25  # of pixels, which a processor draws here; the layout is that of the whole screen
_AWAY = ("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION", "net::ERR_NETWORK")


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium until the end of the block."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert found, "Chromium is not installed: `make test` does so"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A visitor's page, and what went wrong on it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """Return what axe finds against WCAG 2.2 A and AA."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = self.page.evaluate(f"axe.run({{runOnly: {json.dumps(tags)}, resultTypes: ['violations']}})")
        return [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def check(self) -> None:
        """Fail if the console has an error, a request left the machine, or axe found anything."""
        found = {"violations": self.violations(), "errors": self.errors, "foreign": self.foreign}
        assert not any(found.values()), f"{self.page.url}: {json.dumps(found, indent=1)}"


@contextmanager
def visit(
    chromium: Browser,
    url: str,
    *,
    language: str = "fr",
    width: int = 1440,
    height: int = 900,
    key: str | None = None,
    scale: float = _SCALE,
    **options: Any,
) -> Iterator[Visit]:
    """Open a page of its own, logged in with a key if there is one; pictures and figures need a scale of 1."""
    context = chromium.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, base_url=url, **options
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(f"localStorage.setItem('language', {json.dumps(language)})")
    if key:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            answer = client.post("/v1/session", json={"key": key}, headers={"Origin": url}).raise_for_status()
        name, value = answer.headers["set-cookie"].partition(";")[0].split("=", 1)
        context.add_cookies([{"name": name, "value": value, "url": url}])
    page = context.new_page()
    seen = Visit(page)

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(word in message.text for word in _AWAY):
            seen.errors.append(f"{message.text} {message.location.get('url', '')}")

    def on_response(response: Response) -> None:
        if response.url.startswith("http") and not response.url.startswith(url):
            seen.foreign.append(response.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("response", on_response)
    try:
        yield seen
    finally:
        context.close()
