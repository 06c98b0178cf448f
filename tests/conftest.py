"""What holds for every test."""

import gc
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.system.running import RunningCity, running_city

# Every program that tests start, and every worker, would compile all our modules anew: a third of its start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says something of the machine, and nothing of the code. `make soak` tries many more.
settings.register_profile(
    "zenata",
    max_examples=int(os.environ.get("ZENATA_EXAMPLES", "30")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("zenata")

_SHOWN = 10  # so many of the slowest files are named at the end
_seconds: Counter[str] = Counter()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: tests of whole cities wait more than they compute."""
    return 2 * (os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 1)


class _ByFixtures(LoadScopeScheduling):
    """Keeps on one worker what shares fixtures; whole cities that share nothing are divided, test by test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _group_of(file) or nodeid


@cache
def _group_of(file: str) -> str:
    """Return with which tests a file is kept together; empty if each of its tests is a city of its own."""
    text = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
    if re.search(r"\blive_city\b", text):
        return "live city, documents" if file.startswith("tests/docs/") else "live city"
    shares = "mark.slow" not in text or "scope=" in text
    return file if shares else ""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Divide the tests among workers by what they share."""
    return _ByFixtures(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for `make soak`; begin with what takes long, so that no worker is left alone with it in the end."""
    if "soak" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Leave what lives until the end out of garbage collection: all modules, and thousands of tests."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_sessionfinish() -> None:
    """Collect again, or libraries complain of leaks when the process ends."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def live_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    """A live city in a folder as a user has it after `make up`. Tests may use it, and must leave it running as it was."""
    folder = tmp_path_factory.mktemp("live")
    for name, target in ((".venv", sys.prefix), ("docs", Path(__file__).parents[1] / "docs")):
        (folder / name).symlink_to(target)
    with running_city(folder / ".zenata", "--webhook-private") as city:
        yield city


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what each file takes; with workers, the controller hears all reports."""
    _seconds[report.nodeid.partition("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the slowest files."""
    terminalreporter.section(f"the {_SHOWN} slowest files")
    for file, seconds in _seconds.most_common(_SHOWN):
        terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
