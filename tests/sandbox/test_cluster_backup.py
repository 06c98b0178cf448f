"""Backups of worlds that several machines share: whole, of one moment, and restored where there are none."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sandbox.backup import backup, restore
from sandbox.init import first_keys, open_register
from sandbox.settings import Settings
from simulators.record.journal import Entry
from simulators.record.record import Pace, Recipe, Record
from tests.zenata.worlds.nats import servers
from zenata.errors import SetupError
from zenata.worlds.bucket import Bucket
from zenata.worlds.cluster import WorldCluster
from zenata.worlds.placement import HostedWorlds


@pytest.fixture
def clusters(tmp_path):
    """The addresses of two clusters."""
    with servers(tmp_path / "first") as first, servers(tmp_path / "second") as second:
        yield first.urls, second.urls


def settings_of(folder, join: str | None) -> Settings:
    return Settings(data_dir=folder, join=join, store="influxdb://127.0.0.1:1/nobody-asks-it")


def made(tmp_path, join: str) -> tuple[Settings, HostedWorlds, str]:
    """Make a city that serves a cluster with the shared city and a private world; a host of it runs the latter."""
    settings = settings_of(tmp_path / "city", join)
    first_keys(open_register(settings), settings.data_dir)
    host = HostedWorlds(Bucket(join), "host-a")
    for name in ("zenata", None):
        with host.draft(name) as draft:
            Record(draft.files).save_recipe(
                Recipe(city="small", seed=1, start=0, live=False, owner="demo" if name is None else "")
            )
    host.secret()
    host.deliver(draft.name, "labels.json", b"delivered")
    return settings, host, draft.name


def test_worlds_that_run_are_saved_and_go_on_elsewhere(tmp_path, clusters):
    first, second = clusters
    settings, host, name = made(tmp_path, first)
    files = host.take(name, lambda *_: True, host.token, "host-a")
    assert files is not None
    record, said = Record(files), []
    record.save_pace(Pace(speed=7.0))
    record.save_checkpoint({"number": np.array(1)})
    journal = record.journal()
    journal.add([Entry(at=1), Entry(at=2)])
    host.mark("zenata", "failed", "why")
    backup(settings, tmp_path / "city.tar.gz", said.append)
    journal.add([Entry(at=3)])
    files.renew()  # whoever runs it was not disturbed
    assert said[0] == "2 worlds of the cluster are in it"

    there = settings_of(tmp_path / "elsewhere", None)
    with pytest.raises(SetupError, match="worlds of a cluster: say with --join"):
        restore(there, tmp_path / "city.tar.gz", said.append)
    there = settings_of(tmp_path / "elsewhere", second)
    restore(there, tmp_path / "city.tar.gz", said.append)
    assert (there.data_dir / "admin.key").read_bytes() == (settings.data_dir / "admin.key").read_bytes()
    assert not (there.data_dir / "cluster").exists()
    with Bucket(second) as bucket:
        index = WorldCluster(bucket)
        assert index.all_names() == sorted(["zenata", name])
        assert (index.owners(), index.failure("zenata")) == ({name: "demo"}, "why")
        assert index.secret() == host.secret()
        taken = index.take(name, lambda _, lease: not lease.holder, "token", "host-b")
        assert taken is not None, "nobody holds it there"
        assert taken.lease.epoch > files.lease.epoch
        again = Record(taken)
        assert again.pace() == Pace(speed=7.0)
        assert again.journal().since(0) == [Entry(at=1), Entry(at=2)]
        assert int(again.checkpoint()["number"]) == 1
        assert taken.read("labels.json") == b"delivered"
        again.journal().add([Entry(at=4)])
    with pytest.raises(SetupError, match="has worlds already"):
        restore(settings_of(tmp_path / "third", second), tmp_path / "city.tar.gz", said.append)
    assert not (tmp_path / "third").exists()
    host.close()


def test_a_checkpoint_that_is_replaced_meanwhile_is_not_missed(tmp_path, clusters, monkeypatch):
    """Its keys name an object that is gone when it is asked for: then all of the world is read again."""
    first, second = clusters
    settings, host, name = made(tmp_path, first)
    files = host.take(name, lambda *_: True, host.token, "host-a")
    assert files is not None
    record, numbers, page = Record(files), iter(range(1, 40)), Bucket._page
    record.save_checkpoint({"number": np.array(0)})

    def write_behind(bucket: Bucket, *request: object) -> object:
        found = page(bucket, *request)
        if bucket is not host.bucket and (number := next(numbers, 0)):
            record.journal().add([Entry(at=number)])
            record.save_checkpoint({"number": np.array(number)})
        return found

    with monkeypatch.context() as patch:
        patch.setattr("zenata.worlds.bucket._PAGE", 2)
        patch.setattr(Bucket, "_page", write_behind)
        backup(settings, tmp_path / "city.tar.gz", lambda _: None)
    assert next(numbers, 0) == 0, "what was read was written anew each time"
    restore(settings_of(tmp_path / "elsewhere", second), tmp_path / "city.tar.gz", lambda _: None)
    with Bucket(second) as bucket:
        again = Record(WorldCluster(bucket).files(name))
        assert len(again.journal().since(0)) - int(again.checkpoint()["number"]) in (0, 1), "of one moment"
    host.close()


def test_a_restore_that_breaks_off_can_be_repeated_until_a_host_has_a_world(tmp_path, clusters, monkeypatch):
    first, second = clusters
    settings, host, name = made(tmp_path, first)
    backup(settings, tmp_path / "city.tar.gz", lambda _: None)
    host.close()
    there = settings_of(tmp_path / "elsewhere", second)

    def restored() -> None:
        restore(there, tmp_path / "city.tar.gz", lambda _: None)

    def put(bucket: Bucket, key: str, content: bytes) -> int:
        if key == f"owners.{name}":
            raise SetupError("breaks off")
        return write(bucket, key, content)

    def rename(*_: object) -> None:
        raise OSError("breaks off")

    write = Bucket.put
    for kind, method, replacement in ((Bucket, "put", put), (Path, "rename", rename)):
        with monkeypatch.context() as patch:
            patch.setattr(kind, method, replacement)
            with pytest.raises(SetupError, match="breaks off"):
                restored()
        assert not there.data_dir.exists()
    with Bucket(second) as bucket:
        index = WorldCluster(bucket)
        assert index.all_names() == sorted(["zenata", name])
        restored()
        shutil.rmtree(there.data_dir)
        taken = index.take(name, lambda *_: True, "token", "host-b")
        assert taken is not None
        taken.release()
    with pytest.raises(SetupError, match="has worlds already"):
        restored()


def test_a_world_whose_checkpoint_is_gone_is_named(tmp_path, clusters, monkeypatch):
    monkeypatch.setattr("sandbox.cluster_backup._PATIENCE", 0.0)
    settings, host, name = made(tmp_path, clusters[0])
    files = host.take(name, lambda *_: True, host.token, "host-a")
    assert files is not None
    Record(files).save_checkpoint({"number": np.array(1)})
    with Bucket(clusters[0]) as bucket:
        (object_,) = [object_ for object_ in bucket.object_names(f"{name}/") if ".npz." in object_]
        bucket.remove_object(object_)
    with pytest.raises(SetupError, match=f"the world {name} cannot be saved: {object_}"):
        backup(settings, tmp_path / "city.tar.gz", lambda _: None)
    host.close()
