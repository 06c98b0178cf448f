"""`zenata dead-letters` asks the running city, and says so when there is none."""

import json
from pathlib import Path

import pytest

from sandbox.dead_letters import newest, replay
from sandbox.settings import Settings
from tests.api.running import batch_of, running, small_city
from zenata.errors import SetupError
from zenata.store import open_store
from zenata.store.dead_letters import DeadLetter

LETTER = DeadLetter(received=1, topic="zenata/telemetry/x", payload=b"{", code="topic", reason="it is no topic")


def test_letters_are_shown_and_replayed(tmp_path: Path) -> None:
    store, settings, said = open_store(f"duckdb:///{tmp_path}/readings.duckdb"), Settings(data_dir=tmp_path), []
    with running(city=small_city(), store=store, replay=lambda: (2, 1)) as api:
        settings.run_file.write_text(json.dumps({"http": api.url}))
        (tmp_path / "admin.key").write_text(api.secrets["admin"])
        newest(settings, said.append)
        store.append(batch_of([], range(0)), [LETTER])
        newest(settings, said.append)
        replay(settings, said.append)
        (tmp_path / "admin.key").write_text(api.secrets["pilot"])
        with pytest.raises(SetupError, match="refused: This needs the role admin"):
            replay(settings, said.append)
    assert said[0] == "there are no dead letters"
    assert "topic   zenata/telemetry/x" in said[1]
    assert said[1].endswith("it is no topic")
    assert said[2] == "2 are readings now, 1 are still dead"
    with pytest.raises(SetupError, match="does not answer"):
        newest(settings, said.append)
    store.close()


def test_no_city_is_a_word_to_the_user(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="start it with `zenata up`"):
        newest(Settings(data_dir=tmp_path), print)
