"""Both documents as spectral finds them (scripts/spectral/ruleset.yaml)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.running import Api

FOLDER = Path(__file__).parents[3] / "scripts" / "spectral"
SPECTRAL = FOLDER / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    """Hold a document against the rules."""
    assert SPECTRAL.exists(), "spectral is not installed: `make test` does so"
    node = Path(sys.prefix) / "bin" / "node"
    rules = ("--ruleset", str(FOLDER / "ruleset.yaml"), "--fail-severity", "hint")
    return subprocess.run([node, SPECTRAL, "lint", *rules, file], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json"])
def test_nothing_is_found(api: Api, tmp_path: Path, name: str) -> None:
    with api.client(None) as client:
        text = client.get(f"/{name}").raise_for_status().text
    (tmp_path / name).write_text(text)
    done = lint(tmp_path / name)
    assert done.returncode == 0, done.stdout
    (tmp_path / name).write_text(text.replace('"description"', '"x-description"'))
    assert lint(tmp_path / name).returncode == 1
