import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import MAX_AGAIN

SCRIPT = Path(__file__).parents[2] / "scripts/run_tests.py"
ONCE = "def test_once(tmp_path_factory):\n    import pathlib\n    seen = pathlib.Path('seen')\n    before = seen.exists()\n    seen.touch()\n    assert before\n"
NEVER = "def test_never():\n    assert False\n"


def run(folder: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}  # others take most of its time
    return subprocess.run(
        [sys.executable, SCRIPT, "-q", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | plugins,
    )


def test_a_test_that_fails_once_is_named_and_passes(tmp_path):
    done = run(tmp_path, ONCE)
    assert done.returncode == 0
    assert "PASSED ONLY AT THE SECOND TRY, a defect to look for: test_it.py::test_once" in done.stdout


@pytest.mark.parametrize(
    "tests",
    [
        pytest.param(ONCE + NEVER, id="one of two fails again"),
        pytest.param(
            "".join(ONCE.replace("once", f"once_{i}").replace("seen'", f"seen_{i}'") for i in range(MAX_AGAIN + 1)),
            id="many",
        ),
    ],
)
def test_what_has_a_cause_fails(tmp_path, tests):
    done = run(tmp_path, tests)
    assert done.returncode != 0
    assert "SECOND TRY" not in done.stdout


def test_a_worker_that_dies_fails_the_run_as_not_every_test_was_run(tmp_path):
    dies = "import os\n\n\ndef test_dies():\n    os._exit(1)\n"
    done = run(tmp_path, dies, "-n", "1", "--max-worker-restart", "0")
    assert done.returncode != 0
    assert "crashed" in done.stdout
    assert "SECOND TRY" not in done.stdout
