"""What holds for every test."""

import os
from collections import Counter

import pytest
from hypothesis import settings

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("zenata", deadline=None)
settings.load_profile("zenata")

_SHOWN = 10  # so many of the slowest files are named at the end
_seconds: Counter[str] = Counter()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: tests of whole cities wait more than they compute."""
    return 2 * (os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file on one worker, as its tests share fixtures, and begin with the files that take long."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what each file takes; with workers, the controller hears all reports."""
    _seconds[report.nodeid.partition("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the slowest files."""
    terminalreporter.section(f"the {_SHOWN} slowest files")
    for file, seconds in _seconds.most_common(_SHOWN):
        terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
