import json
import stat
import threading
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import SetupError
from zenata.pilots.keys import PREFIX_LENGTH, KeyRing, Principal, Role


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_key_speaks_for_its_pilot_and_no_other(path: Path) -> None:
    ring = KeyRing(path)
    mine, other = ring.issue("demo", Role.PILOT), ring.issue("saz", Role.ADMIN)
    assert ring.check(mine) == Principal(pilot="demo", role=Role.PILOT)
    assert ring.check(other) == Principal(pilot="saz", role=Role.ADMIN)
    assert mine != other
    assert ring.principals == (Principal(pilot="demo", role=Role.PILOT), Principal(pilot="saz", role=Role.ADMIN))


def test_a_key_is_256_random_bits_in_url_safe_characters(path: Path) -> None:
    key = KeyRing(path).issue("demo", Role.PILOT)
    assert key.startswith("zk_")
    assert len(key) == len("zk_") + 43
    assert set(key[3:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_only_hashes_are_kept_in_a_file_of_ones_own(path: Path) -> None:
    key = KeyRing(path).issue("demo", Role.PILOT)
    text = path.read_text()
    assert key not in text
    assert key[PREFIX_LENGTH + 1 :] not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (entry,) = json.loads(text)["keys"]
    assert set(entry) == {"pilot", "role", "prefix", "sha256", "bcrypt", "pbkdf2"}
    assert entry["prefix"] == key[:PREFIX_LENGTH]
    assert entry["bcrypt"].startswith("$2a$04$")
    assert bcrypt.checkpw(key.encode(), entry["bcrypt"].encode())
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_keys_outlive_the_process(path: Path) -> None:
    key = KeyRing(path).issue("demo", Role.ENGINEER)
    again = KeyRing(path)
    assert again.check(key) == Principal(pilot="demo", role=Role.ENGINEER)
    assert again.issue("demo", Role.ENGINEER) != key
    assert len(again.entries) == 2
    assert len(again.principals) == 1


def test_issuing_from_many_threads_loses_no_key(path: Path) -> None:
    ring = KeyRing(path)
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(ring.issue("demo", Role.PILOT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = KeyRing(path)
    assert len(set(keys)) == 8
    assert all(again.check(key) for key in keys)


@given(st.text(max_size=60))
def test_other_words_are_no_keys(text: str) -> None:
    assert KeyRing(Path("/nonexistent/keys.json")).check(text) is None


def test_a_key_changed_anywhere_is_no_key(path: Path) -> None:
    ring = KeyRing(path)
    key = ring.issue("demo", Role.PILOT)
    for position in range(len(key)):
        changed = key[:position] + ("x" if key[position] != "x" else "y") + key[position + 1 :]
        assert ring.check(changed) is None
    assert ring.check(key + "x") is None
    assert ring.check("") is None
    assert ring.check(key[:-1] + "\udcff") is None


@pytest.mark.parametrize("content", ["", "{", '{"keys": [{"pilot": "demo"}]}', "[]", '{"keys": 3}', "\ufffd"])
def test_a_spoilt_file_is_said_in_one_line(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(SetupError, match="is not a key file") as error:
        KeyRing(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be written"):
        KeyRing(tmp_path / "missing" / "keys.json").issue("demo", Role.PILOT)
    with pytest.raises(SetupError, match="cannot be read"):
        KeyRing(tmp_path)


@pytest.mark.parametrize("name", ["", "Demo", "a b", "a/b", "+", "#", "1st", "a" * 33, "é", "demo\n"])
def test_a_name_that_would_break_a_topic_is_refused(path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="cannot name a pilot"):
        KeyRing(path).issue(name, Role.PILOT)
    assert not path.exists()
