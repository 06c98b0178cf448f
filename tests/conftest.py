"""What holds for every test."""

import os
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

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("zenata", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zenata")

_SHOWN = 10  # so many of the slowest files are named at the end
_seconds: Counter[str] = Counter()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: tests of whole cities wait more than they compute."""
    return 2 * (os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 1)


class _ByFixtures(LoadScopeScheduling):
    """Keeps on one worker what shares fixtures: a file, or all files that use the live city."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "live city" if _uses_live_city(file) else file


@cache
def _uses_live_city(file: str) -> bool:
    return "live_city" in (Path(__file__).parents[1] / file).read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Divide the tests among workers by what they share."""
    return _ByFixtures(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker is left alone with one in the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


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
