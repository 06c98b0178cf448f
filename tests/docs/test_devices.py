"""docs/devices.md: every example is read, every command of it run."""

import re
import subprocess
from pathlib import Path

import pytest

from ingest.devices import LEAD
from tests.api.running import running
from zenata.city.clock import SECOND, parse_time
from zenata.contract.devices import OFFLINE_AFTER
from zenata.control.device import MAX_DEVICES
from zenata.store.dead_letters import REASONS
from zenata.wire.uplinks import cayenne, registry
from zenata.wire.uplinks.base import MAX_PROPERTIES

DOCUMENT = (Path(__file__).parents[2] / "docs/devices.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```json\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [
    block.replace("\\\n", " ") for block in re.findall(r"^```sh\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
]
NOW = parse_time("2026-01-31T09:00:00Z")


@pytest.mark.parametrize("example", EXAMPLES, ids=["json", "senml", "chirpstack", "things"])
def test_an_example_is_read(example):
    (uplink,) = registry.decode(example.encode(), registry.AUTO, NOW)
    assert uplink.properties
    assert uplink.time // SECOND == parse_time("2026-01-31T08:00:00Z") // SECOND


def test_every_command_over_http_works(tmp_path):
    with running() as api:
        folder = tmp_path / ".zenata"
        folder.mkdir()
        (folder / "demo.key").write_text(api.secrets["pilot"])
        for command in COMMANDS:
            if "curl" not in command:
                continue
            call = (
                command.replace("p-demo", "p-test-pilot")
                .replace("curl ", "curl --fail-with-body --silent --show-error --noproxy '*' ")
                .replace("http://127.0.0.1:8080", api.url)
            )
            done = subprocess.run(
                ["sh", "-c", f"set -e\n{call}"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        with api.client("admin") as admin:
            rows = admin.get("/v1/latest", params={"world": "p-test-pilot"}).json()["items"]
    assert {(row["sensor"], row["property"], row["value"]) for row in rows} == {
        ("roof", "temperature", 21.5),
        ("roof", "door", 1),
        ("meadow", "temperature_3", 27.2),
    }


def test_the_figures_and_words_are_those_of_the_code():
    assert f"up to {MAX_DEVICES} devices" in DOCUMENT
    assert re.search(rf"up to\s+{MAX_PROPERTIES} properties", DOCUMENT)
    assert f"{OFFLINE_AFTER} s if left out" in DOCUMENT
    assert LEAD == 600 * SECOND
    assert all(f"`{name}`" in DOCUMENT for name in registry.CODECS)
    assert all(f"`{type_.name}`" in DOCUMENT for type_ in cayenne.TYPES.values())
    codes = re.findall(
        r"`(\w+)`",
        "".join(re.findall(r"^\| (`.*?) \|", DOCUMENT.partition("## What is refused")[2], flags=re.MULTILINE)),
    )
    assert set(codes) == set(REASONS) - {"sensor", "trial"}  # of the city itself, and in docs/trials.md
