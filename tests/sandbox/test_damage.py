"""Files of a data directory that are gone, empty or damaged: what is wrong is named, and how to go on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.init import first_keys, open_control_data, open_register, read_key
from sandbox.parts import stored_secret
from sandbox.settings import Settings
from zenata.errors import SetupError

JUNK = (b"", b"\n", b"zk_short\n", b"\xff\xfe\x00", b"key = zk_" + b"a" * 43)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data directory in which a city has run."""
    settings = Settings(data_dir=tmp_path, control_url=None)
    first_keys(open_register(settings), tmp_path)
    (settings.world_dir).mkdir(parents=True)
    (settings.world_dir / "world.json").write_text("{}")
    return settings


@pytest.mark.parametrize("damage", ["file", "folder", "empty", "one byte", "other tables"])
def test_control_data_that_are_gone_are_not_made_again_beside_worlds(settings: Settings, damage: str) -> None:
    file = settings.control_file
    for part in file.parent.iterdir():
        part.unlink()
    if damage == "folder":
        file.parent.rmdir()
    if damage == "empty":
        file.touch()
    if damage == "one byte":
        file.write_bytes(b"S")
    if damage == "other tables":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE other (a)")
    left = file.read_bytes() if file.exists() else None
    with pytest.raises(SetupError, match="zenata restore") as error:
        open_control_data(settings)
    assert str(file) in str(error.value)
    assert ("gone" if left is None else "empty") in str(error.value)
    assert (file.read_bytes() if file.exists() else None) == left
    for key in settings.data_dir.glob("*.key"):  # as the text says: whoever wants to start again does so knowingly
        key.unlink()
    open_control_data(settings).dispose()


@pytest.mark.parametrize("damage", ["cut", "zeros", "text", "hole"])
def test_control_data_that_are_damaged_are_named_with_the_way_back(settings: Settings, damage: str) -> None:
    file = settings.control_file
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    good = file.read_bytes()
    bad = {
        "cut": good[: len(good) // 2],
        "zeros": bytes(len(good)),
        "text": b"hello\n" * 1000,
        "hole": good[:4096] + bytes(8192) + good[12_288:],
    }
    for part in file.parent.iterdir():
        part.unlink()
    file.write_bytes(bad[damage])
    with pytest.raises(SetupError, match=r"control\.db cannot be opened: .*zenata restore"):
        open_control_data(settings)
    assert file.read_bytes()[:4096] == bad[damage][:4096]


def test_control_data_of_a_new_directory_are_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new", control_url=None)
    open_control_data(settings).dispose()
    assert settings.control_file.stat().st_size


@pytest.mark.parametrize("content", JUNK)
def test_a_key_file_without_a_key_is_named(settings: Settings, content: bytes) -> None:
    file = settings.data_dir / "demo.key"
    assert read_key(file).startswith("zk_")
    file.write_bytes(content)
    with pytest.raises(SetupError, match=r"demo\.key"):
        read_key(file)


@pytest.mark.parametrize("content", [b"", b"ingest-", b"junk\n", b"\xff", b"ingest-" + b"g" * 32])
def test_an_empty_or_damaged_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ingest.session"
    secret = stored_secret(file)
    assert stored_secret(file) == secret
    file.write_bytes(content)
    with pytest.raises(SetupError, match=r"ingest\.session"):
        stored_secret(file)


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(" \n")
    with pytest.raises(SetupError, match="is empty"):
        _ = Settings(influx_token_file=file).store_token
