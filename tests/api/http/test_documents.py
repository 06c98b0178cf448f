"""Both documents as spectral finds them (scripts/spectral/ruleset.yaml)."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.api.running import Api

FOLDER = Path(__file__).parents[3] / "scripts" / "spectral"
SPECTRAL = FOLDER / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"


def lint(*files: Path) -> dict[str, list[str]]:
    """Hold documents against the rules; return the codes of what is found, by name of file."""
    assert SPECTRAL.exists(), "spectral is not installed: `make test` does so"
    node = Path(sys.prefix) / "bin" / "node"
    rules = ("--ruleset", str(FOLDER / "ruleset.yaml"), "--fail-severity", "hint", "--format", "json", "--quiet")
    done = subprocess.run([node, SPECTRAL, "lint", *rules, *files], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found = defaultdict(list)
    for finding in json.loads(done.stdout):
        found[Path(finding["source"]).name].append(finding["code"])
    return found


def test_nothing_is_found_but_what_is_wrong(api: Api, tmp_path: Path) -> None:
    """In one process, as its start takes as long as the documents; what is wrong has a few operations only."""
    files = []
    with api.client(None) as client:
        for name, operations in (("openapi.json", "paths"), ("asyncapi.json", "channels")):
            text = client.get(f"/{name}").raise_for_status().text
            wrong = json.loads(text.replace('"description"', '"x-description"'))
            wrong[operations] = dict(list(wrong[operations].items())[:2])
            for title, content in ((name, text), (f"wrong-{name}", json.dumps(wrong))):
                files.append(tmp_path / title)
                files[-1].write_text(content)
    found = lint(*files)
    assert not {name: codes for name, codes in found.items() if not name.startswith("wrong-")}
    assert {"operation-description", "info-description"} <= set(found["wrong-openapi.json"])
    assert "asyncapi-info-description" in found["wrong-asyncapi.json"]
