"""The documents say what is true: every command of the README is run, every link and route is there."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.system.running import RunningCity
from tests.waiting import wait_until
from zenata.process.ports import free_ports

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("broker_config/*.md")])

COMMANDS = [
    command
    for text in (
        README,
        *((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("pilots.md", "webhooks.md", "security.md")),
    )
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    for command in re.split(r"\n(?! )", block.strip())
    if not re.match(r"[A-Z]=", command)
]
VARIABLES = re.findall(r"^[A-Z]=.*$", README, flags=re.MULTILINE)
"""What the README sets once, in the shell in which all its commands are typed."""
ENDLESS = ("/v1/stream", "mosquitto_sub", "zenata up")


@dataclass(frozen=True)
class Reader:
    """Who types the commands, with what is left running meanwhile."""

    city: RunningCity
    stack: ExitStack
    quick: Callable[[str], str]
    port: int = field(default_factory=lambda: free_ports("127.0.0.1", {"alerts": 0})["alerts"])

    @property
    def folder(self) -> Path:
        return self.city.folder.parent

    @property
    def alerted(self) -> Path:
        return self.folder / "alerts.txt"

    def run(self, command: str) -> subprocess.Popen[bytes]:
        """Start a command; one that ends in `&` writes into a file, and runs until the end."""
        variables = "\n".join(variable.replace("http://127.0.0.1:8080", self.city.http) for variable in VARIABLES)
        command = (
            self.quick(command)
            .replace("http://127.0.0.1:8080", self.city.http)
            .replace("-p 1883", f"-p {self.city.mqtt.rpartition(':')[2]}")
            .replace("9090", str(self.port))
        )
        if command.startswith("curl "):
            command = command.replace("curl ", "curl --fail-with-body --silent --show-error --max-time 60 ", 1)
        words = ["sh", "-c", f"{variables}\n{command.removesuffix('&')}"]
        if not command.endswith("&"):
            return subprocess.Popen(
                words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
            )
        with self.alerted.open("wb") as file:
            process = subprocess.Popen(words, cwd=self.folder, stdout=file, start_new_session=True)
        self.stack.callback(process.wait, 20)
        self.stack.callback(os.killpg, process.pid, signal.SIGTERM)
        return process


@pytest.fixture(scope="module")
def reader(live_city, quick):
    with ExitStack() as stack:
        yield Reader(live_city, stack, quick)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [command for command in COMMANDS if not command.startswith("make ")],
    ids=lambda command: " ".join(command.split()),
)
def test_a_command_works(reader, command):
    process = reader.run(command)
    if command.endswith("&"):
        wait_until(lambda: "listening" in reader.alerted.read_text(), "it listens")
        assert process.poll() is None
        return
    try:
        if any(word in command for word in ENDLESS):
            assert process.stdout.readline().strip()
            assert process.poll() is None
        else:
            output, _ = process.communicate(timeout=90)
            assert process.returncode == 0, output.decode()
            (written,) = re.findall(r" (?:-o|>) (\S+)", command)[-1:] or [None]
            assert (output or (reader.folder / written).read_bytes()).strip()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.slow
def test_the_first_hour_ends_on_a_map_and_with_an_alert(reader):
    layer = json.loads((reader.folder / "map.geojson").read_text())
    assert [one["id"] for one in layer["features"] if one["properties"]["layer"] == "device"] == ["device/roof"]
    wait_until(lambda: "threshold.fired" in reader.alerted.read_text(), "the alert is there, and its signature is good")
    _, _, body = reader.alerted.read_text().splitlines()[1].partition(" ")
    assert json.loads(body)["data"].items() >= {"sensor": "roof", "value": 35}.items()


def test_the_readme_shows_what_it_promises():
    assert [variable[0] for variable in VARIABLES] == ["K", "U"]
    assert any("/v1/latest" in command for command in COMMANDS)
    assert any(command.startswith("mosquitto_sub") for command in COMMANDS)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.MULTILINE))))
def test_a_make_target_of_the_readme_is_there(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (document.parent / link).exists(), link


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_document_is_in_the_index_of_its_folder(folder):
    index = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    files = {file.name for file in (ROOT / folder).glob("*.md")} - {"README.md"}
    assert files == set(re.findall(r"\]\(([^)#/]+\.md)\)", index))
