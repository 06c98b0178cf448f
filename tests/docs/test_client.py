"""docs/client.md and its notebook: every example is run against a running API, every call and error is there."""

import re
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from itertools import count
from pathlib import Path

import nbformat
import pytest

import zenata_client
from tests.api.running import MINUTES, batch_of, private_world, series_of
from tests.api.simulators import Simulators, running_with
from zenata.worlds.control import ControlServer
from zenata_client import Client
from zenata_client.plan import PATIENCE

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/client.md").read_text(encoding="utf-8")
NOTEBOOK = nbformat.read(ROOT / "docs/notebooks/client.ipynb", as_version=4)
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The small city with two hours of readings, where the environment says."""
    folder, simulators = tmp_path_factory.mktemp("client"), Simulators()
    with (
        running_with(simulators, folder) as api,
        ControlServer(private_world(folder, "w-new"), simulators.handler("w-new", "test-pilot")),
        pytest.MonkeyPatch.context() as patch,
    ):
        api.store.append(batch_of(series_of(api.city), range(MINUTES)))
        patch.setenv("ZENATA_URL", api.url)
        patch.setenv("ZENATA_KEY", api.secrets["pilot"])
        patch.chdir(folder)
        yield api


@pytest.mark.usefixtures("api")
def test_the_notebook_runs_and_shows_something_everywhere():
    import nbclient

    notebook = nbclient.NotebookClient(deepcopy(NOTEBOOK), timeout=60, kernel_name="python3").execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 8
    assert all(cell.outputs for cell in cells[:-1])
    assert "aire" in cells[-2].outputs[0].text


def test_the_notebook_holds_no_outputs():
    assert all(
        cell.outputs == [] and cell.execution_count is None for cell in NOTEBOOK.cells if cell.cell_type == "code"
    )


class EnoughError(Exception):
    """Ends the example that has no end."""


@contextmanager
def talking(api):
    """Let sensors say something again and again until the end of the block."""
    stop = threading.Event()

    def talk() -> None:
        for minute in count(MINUTES):
            if stop.wait(0.05):
                return
            api.hub.publish(batch_of(series_of(api.city), range(minute, minute + 1)))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_works(api, example):
    printed = []

    def tell(*words: object) -> None:
        printed.append(words)
        if "stream" in example and len(printed) > 10:
            raise EnoughError

    code = compile(
        example.replace("http://127.0.0.1:8080", api.url).replace("water-0010", "air-0001"), "client.md", "exec"
    )
    expected = pytest.raises(EnoughError) if "stream" in example else nullcontext()
    with Client() as client, talking(api), expected:
        exec(code, {"client": client, "key": api.secrets["pilot"], "print": tell})  # noqa: S102 - our own document
    assert bool(printed) == ("print" in example)


@pytest.mark.soak
def test_examples_work_with_the_client_alone(api, tmp_path):
    """In an environment with nothing but the client; what needs a frame says how to get it, in the words of the document."""
    python = tmp_path / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True, timeout=300)
    subprocess.run([python, "-m", "pip", "install", "-q", ROOT / "client"], check=True, timeout=600)
    (advice,) = re.findall(r"^pip install .*", DOCUMENT, flags=re.MULTILINE)
    for example in EXAMPLES:
        if "stream" in example:
            continue
        example = example.replace("http://127.0.0.1:8080", api.url).replace("water-0010", "air-0001")
        code = f"from zenata_client import Client\nclient, key = Client(), {api.secrets['pilot']!r}\n{example}"
        done = subprocess.run([python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        if re.search(r"\.(pandas|polars|arrow)\(", example):
            assert advice in done.stderr.splitlines()[-1]
        else:
            assert done.returncode == 0, done.stderr


def test_every_call_and_error_is_named_and_no_other():
    named = {
        word
        for line in re.findall(r"^\| (`.*) \|", DOCUMENT, flags=re.MULTILINE)
        for word in re.findall(r"`(\w+)`", line)
    }
    calls = {name for name in dir(Client) if not name.startswith("_")} - {"close"}
    errors = {name for name in zenata_client.__all__ if name.endswith("Error")} - {"ZenataError"}
    assert named >= calls | errors
    assert {word for word in named if word.endswith("Error")} == errors
    assert f"up to {PATIENCE:.0f} s" in DOCUMENT
