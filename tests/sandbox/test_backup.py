"""Backups of cities that do not run: whole or refused, and never in the way of what is there."""

import io
import os
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import msgspec
import psutil
import pytest

from sandbox.backup import MANIFEST, READINGS, Manifest, _standing, backup, restore
from sandbox.init import first_keys, open_register
from sandbox.settings import Settings
from tests.zenata.store.data import NOON, batch_of, contents, series_of, some_rows
from zenata.errors import SetupError, StoreError
from zenata.store import open_store

CONTROL = "control/control.db"
CHECKPOINT = "worlds/zenata/checkpoint.npz"


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a small city that has stopped."""
    settings = Settings(data_dir=tmp_path / "city")
    for name, text in {
        CHECKPOINT: "state",
        "broker/jetstream/msgs/1.blk": "messages",
        "ingest.session": "name",
    }.items():
        (settings.data_dir / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.data_dir / name).write_text(text)
    for name in ("worlds/zenata/lock", "worlds/zenata/control.json", "worlds/zenata/world.json.part", "logs/api.log"):
        (settings.data_dir / name).parent.mkdir(exist_ok=True)
        (settings.data_dir / name).write_text("of a process")
    first_keys(open_register(settings), settings.data_dir)
    with closing(open_store(settings.store_url)) as store:
        store.append(batch_of(some_rows(series_of(20), (NOON, NOON + 1))))
    return settings


@pytest.fixture
def file(settings, tmp_path) -> Path:
    backup(settings, tmp_path / "city.tar.gz", lambda _: None)
    return tmp_path / "city.tar.gz"


def elsewhere(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "deep" / "elsewhere")


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewritten(file: Path, change) -> Path:
    """Write the archive anew with other (name, content) pairs."""
    with tarfile.open(file) as archive:
        members = [(member.name, archive.extractfile(member).read()) for member in archive]
    other = file.with_name("other.tar.gz")
    with tarfile.open(other, "w:gz") as archive:
        for name, content in change(members):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return other


def renamed(members: list[tuple[str, bytes]], name: bytes) -> list[tuple[str, bytes]]:
    """Give the admin's key another name, in the manifest too."""
    return [
        (other.replace("admin.key", name.decode()), content.replace(b'"admin.key"', b'"' + name + b'"'))
        for other, content in members
    ]


def test_what_is_restored_is_what_was_backed_up(settings, file, tmp_path):
    there = elsewhere(tmp_path)
    restore(there, file, lambda _: None)
    files = files_in(there.data_dir)
    before = files_in(settings.data_dir)
    assert set(files) == {
        *("admin.key", "demo.key", "ingest.session", "broker/jetstream/msgs/1.blk", CHECKPOINT, CONTROL, READINGS)
    }
    assert all(files[name] == before[name] for name in set(files) - {CONTROL, READINGS})
    assert {user.name for user in open_register(there).users()} == {"admin", "demo"}
    with closing(open_store(settings.store_url)) as old, closing(open_store(there.store_url)) as new:
        assert contents(new) == contents(old)
        assert len(contents(new)) == 40


def test_only_the_owner_may_read_either(file, tmp_path):
    mask = os.umask(0)
    try:
        restore(elsewhere(tmp_path), file, lambda _: None)
    finally:
        os.umask(mask)
    folder = elsewhere(tmp_path).data_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (file, *folder.rglob("*")) if path.is_file()} == {0o600}


def test_the_manifest_says_what_it_holds(file):
    with tarfile.open(file) as archive:
        first = archive.next()
        manifest = msgspec.json.decode(archive.extractfile(first).read(), type=Manifest)
        assert {*manifest.files, MANIFEST} == set(archive.getnames())
        assert all(archive.getmember(name).size == entry.size for name, entry in manifest.files.items())


def test_a_file_that_is_there_is_left_alone(settings, file):
    before = file.read_bytes()
    with pytest.raises(SetupError, match="is there already"):
        backup(settings, file, lambda _: None)
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["city", "city.tar.gz"]


def test_a_directory_that_is_not_empty_is_left_alone(settings, file):
    before = files_in(settings.data_dir)
    with pytest.raises(SetupError, match="is not empty"):
        restore(settings, file, lambda _: None)
    assert files_in(settings.data_dir) == before


def test_there_must_be_a_city(tmp_path):
    with pytest.raises(SetupError, match="there is no city"):
        backup(elsewhere(tmp_path), tmp_path / "city.tar.gz", lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_read_leaves_no_half_backup(settings, tmp_path):
    (settings.data_dir / READINGS).write_bytes(b"something else")
    with pytest.raises(StoreError):
        backup(settings, tmp_path / "city.tar.gz", lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["city"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda all_: all_[:-1], "it lacks"),
        (lambda all_: [*all_[:-1], (all_[-1][0], all_[-1][1] + b"x")], "is not what was backed up"),
        (lambda all_: [*all_, ("worlds/more", b"x")], "is not what was backed up"),
        (lambda all_: all_[1:], "no backup"),
        (lambda all_: [(MANIFEST, b'{"format": 2}'), *all_[1:]], "no backup"),
        (lambda all_: renamed(all_, b"../admin.key"), "no file"),
        (lambda all_: renamed(all_, b"/admin.key"), "no file"),
    ],
    ids=["short", "changed", "more", "without manifest", "later format", "outside", "absolute"],
)
def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(file, tmp_path, change, message):
    with pytest.raises(SetupError, match=message):
        restore(elsewhere(tmp_path), rewritten(file, change), lambda _: None)
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("length", [0, 100, 3000])
def test_a_file_that_was_cut_is_refused(file, tmp_path, length):
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(file.read_bytes()[:length])
    with pytest.raises(SetupError, match=str(cut)):
        restore(elsewhere(tmp_path), cut, lambda _: None)
    assert list((tmp_path / "deep").iterdir()) == []


def test_it_says_that_the_readings_of_a_server_are_not_in_it(settings, tmp_path):
    message = []
    away = Settings(data_dir=settings.data_dir, store="influxdb://127.0.0.1:1/zenata")
    backup(away, tmp_path / "city.tar.gz", message.append)
    restore(elsewhere(tmp_path), tmp_path / "city.tar.gz", message.append)
    assert "influx backup" in message[1]
    assert "influx restore" in message[3]
    assert READINGS not in files_in(tmp_path / "deep" / "elsewhere")


@pytest.fixture
def ticking():
    """A process that says something ten times a second."""
    tick = "import time\nwhile True: print(flush=True); time.sleep(0.1)"
    with subprocess.Popen([sys.executable, "-c", tick], stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_the_broker_stands_still_meanwhile(ticking):
    with _standing(ticking.pid):
        assert psutil.Process(ticking.pid).status() == psutil.STATUS_STOPPED
    assert all(ticking.stdout.readline() for _ in range(20))


def test_the_broker_goes_on_when_the_backup_is_killed(ticking):
    code = (
        "import time; from sandbox.backup import _standing\n"
        f"with _standing({ticking.pid}): print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as killed:
        assert killed.stdout.readline()
        assert psutil.Process(ticking.pid).status() == psutil.STATUS_STOPPED
        killed.kill()
    assert all(ticking.stdout.readline() for _ in range(20))


def test_a_broker_that_is_gone_is_reported(ticking):
    ticking.kill()
    ticking.wait()
    with pytest.raises(SetupError, match="try again"), _standing(ticking.pid):
        pass
