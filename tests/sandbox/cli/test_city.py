"""`zenata dead-letters` asks the running city, and says so when there is none."""

import json
from pathlib import Path

import pytest

from sandbox.cli.city import open_page
from sandbox.cli.city import replay_dead_letters as replay
from sandbox.cli.city import show_dead_letters as newest
from sandbox.init import open_register
from sandbox.running import Running, ask, banner
from sandbox.settings import Settings
from tests.api.running import batch_of, running
from zenata.errors import SetupError
from zenata.store import open_store
from zenata.store.dead_letters import DeadLetter

LETTER = DeadLetter(received=1, topic="zenata/telemetry/x", payload=b"{", code="topic", reason="it is no topic")


def test_letters_are_shown_and_replayed(tmp_path: Path) -> None:
    settings, lines = Settings(data_dir=tmp_path), []
    with running(replay=lambda: (2, 1)) as api:
        settings.run_file.write_text(json.dumps({"http": api.url}))
        (tmp_path / "admin.key").write_text(api.secrets["admin"])
        newest(settings, lines.append)
        api.store.append(batch_of([], range(0)), [LETTER])
        newest(settings, lines.append)
        replay(settings, lines.append)
        (tmp_path / "admin.key").write_text(api.secrets["pilot"])
        with pytest.raises(SetupError, match="refused: This needs the role admin"):
            replay(settings, lines.append)
        with pytest.raises(SetupError, match=r"no challenge 'leek'\. Use one of leak-detection, "):
            ask(settings, "/v1/challenges/leek")
    assert lines[0] == "there are no dead letters"
    assert lines[1].split() == ["RECEIVED", "CODE", "TOPIC,", "AND", "WHAT", "IS", "WRONG"]
    assert "topic  zenata/telemetry/x" in lines[2]
    assert lines[2].endswith("it is no topic")
    assert lines[3] == "2 are readings now, 1 are still dead"
    with pytest.raises(SetupError, match="does not answer"):
        newest(settings, lines.append)


def test_letters_are_shown_without_a_running_city(tmp_path: Path) -> None:
    settings, lines = Settings(data_dir=tmp_path), []
    store = open_store(settings.store_url)
    store.append(batch_of([], range(0)), [LETTER])
    store.close()
    newest(settings, lines.append)
    assert lines[1].endswith("it is no topic")
    settings.run_file.write_text(json.dumps({"http": "http://127.0.0.1:1", "pids": {"supervisor": 2**22 + 1}}))
    newest(settings, lines.append)  # it was killed
    assert lines[2:] == lines[:2]


def test_a_folder_without_a_city_is_named_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no city here"):
        newest(Settings(data_dir=tmp_path / "x"), print)
    with pytest.raises(SetupError, match="start it with `zenata up`"):
        replay(Settings(data_dir=tmp_path / "x"), print)
    assert not (tmp_path / "x").exists()


def test_a_link_opens_the_page_as_a_pilot_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, opened = [], []
    monkeypatch.setattr("webbrowser.open", opened.append)
    control = f"sqlite:///{tmp_path}/control/control.db"
    settings = Settings(data_dir=tmp_path, control_url=control)
    with running(control=control) as api:
        settings.run_file.write_text(json.dumps({"http": api.url}))
        open_page(settings, "test-engineer", lines.append, browser=True)
        with pytest.raises(SetupError, match="there is no pilot 'nobody'"):
            open_page(settings, "nobody", lines.append, browser=True)
        address, _, secret = lines[0].partition("#login=")
        assert (address, opened) == (f"{api.url}/", lines)
        with api.client(None) as page:
            assert page.post("/v1/session", json={"link": secret}).json()["pilot"] == "test-engineer"
            assert page.post("/v1/session", json={"link": secret}).status_code == 401


def test_the_banner_has_a_link_unless_its_pilot_cannot_log_in(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    register = open_register(settings)
    where = Running(http="http://127.0.0.1:8080", mqtt="mqtt://127.0.0.1:1883")
    register.add("demo", by="test")
    assert "#login=" not in banner(settings, where, None, register)
    register.issue("demo", by="test")
    assert "http://127.0.0.1:8080/#login=zl_" in banner(settings, where, None, register)
    register.engine.dispose()
