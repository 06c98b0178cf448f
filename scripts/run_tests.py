"""Runs all tests, and those few that fail once more, alone; see docs/decisions/0073-a-failed-test-runs-once-more.md."""

import subprocess
import sys

import pytest

MAX_AGAIN = 3
"""Failures that are tried again; more have a cause in common."""


class Failures:
    """Collects the tests that fail, with workers or without."""

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.complete = True
        """Whether every test ran; a worker that dies takes some with it."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test whose setup, call or teardown failed."""
        if report.failed and report.nodeid not in self.tests:
            self.tests.append(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """Note that a worker has died."""
        if error:
            self.complete = False


def run(arguments: list[str]) -> int:
    """Run pytest with these arguments, and return the status to exit with."""
    failures = Failures()
    status = pytest.main(arguments, plugins=[failures])
    few = 0 < len(failures.tests) <= MAX_AGAIN and failures.complete
    if status != pytest.ExitCode.TESTS_FAILED or not few:
        return int(status)
    print(f"\nFailed: {', '.join(failures.tests)}. Once more, alone:", flush=True)
    again = subprocess.run([sys.executable, "-m", "pytest", "-n", "0", *failures.tests], check=False).returncode
    if again == 0:
        print(f"\nPASSED ONLY AT THE SECOND TRY, a defect to look for: {', '.join(failures.tests)}")
    return again


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
