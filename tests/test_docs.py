"""The documents say what is true: every command of the README is run, every link and route is there."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.running import running_city

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("broker_config/*.md")])

COMMANDS = [
    command.replace("\\\n", " ")
    for text in (README, (ROOT / "docs/pilots.md").read_text(encoding="utf-8"))
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    for command in re.split(r"(?<!\\)\n", block.strip())
]
ENDLESS = ("/v1/stream", "mosquitto_sub", "zenata up")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder as a user has it after `make up`, with the city running."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / ".venv").symlink_to(sys.prefix)
    with running_city(folder / ".zenata") as city:
        yield folder, city


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("make ")])
def test_a_command_of_readme_and_pilots_works(place, command):
    folder, city = place
    command = command.replace("http://127.0.0.1:8080", city.http).replace(
        "-p 1883", f"-p {city.mqtt.rpartition(':')[2]}"
    )
    if command.startswith("curl "):
        command = command.replace("curl ", "curl --fail-with-body --silent --show-error --max-time 60 ", 1)
    process = subprocess.Popen(
        ["sh", "-c", command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        if any(word in command for word in ENDLESS):
            assert process.stdout.readline().strip()
            assert process.poll() is None
        else:
            said, _ = process.communicate(timeout=90)
            assert process.returncode == 0, said.decode()
            assert said or (folder / "traffic.parquet").stat().st_size > 1000
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=20)


def test_the_readme_shows_what_it_promises():
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
