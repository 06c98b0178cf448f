"""Hosts of a cluster from the outside: the list of them, and settings that do not fit."""

from contextlib import closing

import pytest

from sandbox.cli.city import show_hosts
from sandbox.cli.main import main
from sandbox.parts import index_of
from sandbox.settings import Settings
from sandbox.up import up
from tests.zenata.worlds.nats import servers
from zenata.errors import SetupError
from zenata.worlds.bucket import Bucket
from zenata.worlds.placement import HostedWorlds


def test_the_hosts_of_a_cluster_are_shown(tmp_path):
    lines: list[str] = []
    with servers(tmp_path) as running, Bucket(running.urls) as bucket:
        settings = Settings(join=running.urls)
        host = HostedWorlds(bucket, "host-a", load=lambda: 0.25)
        with host.draft("zenata"):
            pass
        host.to_run()
        host.to_run()
        show_hosts(settings, lines.append)
        with closing(index_of(settings)) as index:
            assert index.names() == []  # the shared city is no private world
            assert index.running() == ["zenata"]
        show_hosts(settings, lines.append, drain="host-a")
        assert bucket.values(f"drained.{host.token}")
        show_hosts(settings, lines.append, resume="host-a")
        assert not bucket.values("drained.*")
        with pytest.raises(SetupError, match="there is no host 'host-b'; there are: host-a"):
            show_hosts(settings, lines.append, drain="host-b")
        show_hosts(settings, lines.append, move=("zenata", "host-a"))
        assert [one.key for one in bucket.values("moves.*")] == ["moves.zenata"]
        with pytest.raises(SetupError, match="there is no world 'w-none'"):
            show_hosts(settings, lines.append, move=("w-none", "host-a"))
    with pytest.raises(SetupError, match="--join"):
        show_hosts(Settings(data_dir=tmp_path), lines.append, drain="host-a")
    assert lines[1].split()[0] == "host-a"
    assert " 25%" in lines[1]


@pytest.mark.parametrize("join", ["", "mqtt://", "nats://nobody@127.0.0.1:1"])
def test_addresses_where_nobody_answers_are_named(join, monkeypatch):
    monkeypatch.setattr("zenata.worlds.connection.PATIENCE", 1.5)
    with pytest.raises(SetupError, match="--join") as failure:
        Bucket(join)
    assert "nobody" not in str(failure.value)


def test_one_machine_joins_nothing(tmp_path):
    with pytest.raises(SetupError, match="--join is for"):
        up(Settings(data_dir=tmp_path, join="nats://a"), print, main)
