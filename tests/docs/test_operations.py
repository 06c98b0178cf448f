"""docs/operations.md: its commands are run, but for those of Docker, of which there is no engine here."""

import os
import re
import shlex
import signal
import subprocess

import pytest

from tests.compose import FILE, ROOT

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
OURS = [command for command in COMMANDS if not command.startswith("docker ")]
VERBS = {"up", "ps", "stop", "start"}


@pytest.mark.slow
@pytest.mark.parametrize("command", OURS)
def test_a_command_works(live_city, quick, command):
    process = subprocess.Popen(
        ["sh", "-c", quick(command)],
        cwd=live_city.folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        if "zenata up" in command:
            assert any(b"ready in" in line for line in process.stdout)
        else:
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 0, output.decode()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in OURS])
def test_a_command_of_docker_names_the_folder_that_init_makes(command):
    words = shlex.split(command)
    assert words[:4] == ["docker", "compose", "--env-file", ".compose/.env"]
    assert words[4] in VERBS


def test_every_variable_of_a_port_is_one_of_the_file():
    named = set(re.findall(r"`(ZENATA_\w+_PORT)`", TEXT))
    assert named == set(re.findall(r"\$\{(ZENATA_\w+_PORT):-", FILE.read_text()))
