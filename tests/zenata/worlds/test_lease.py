"""Leases: one host writes a world, and whoever lost it cannot."""

from contextlib import suppress

import numpy as np
import pytest

from simulators.record.journal import Entry
from simulators.record.record import Pace, Recipe, Record
from zenata.errors import ControlError
from zenata.worlds.bucket import Bucket
from zenata.worlds.cluster import WorldCluster
from zenata.worlds.connection import BucketError, Conflict
from zenata.worlds.lease import HEARTBEAT, LEASE, LeaseLostError
from zenata.worlds.placement import HostedWorlds


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """Hosts of a cluster, with a clock and loads that the test sets; each looks when it is told to."""

    def __init__(self, buckets: list[Bucket]) -> None:
        self.clock, self.loads = Clock(), {}
        self.hosts = [self._host(bucket, f"host-{number}") for number, bucket in enumerate(buckets)]
        for name in self.hosts[0].all_names():
            self.hosts[0].remove(name)
        buckets[0].purge("hosts.*")
        buckets[0].purge("drained.*")
        buckets[0].purge("moves.*")

    def _host(self, bucket: Bucket, name: str) -> HostedWorlds:
        self.loads[name] = 0.0
        return HostedWorlds(bucket, name, clock=self.clock, load=lambda: self.loads[name])

    def make(self, count: int = 1) -> list[str]:
        made = []
        for _ in range(count):
            with self.hosts[0].draft() as draft:
                Record(draft.files).save_recipe(Recipe(city="small", seed=1, start=0, live=False, owner="demo"))
            made.append(draft.name)
        return made

    def look(self, seconds: float = 0.0, *numbers: int) -> list[set[str]]:
        """Let time pass in steps, and let hosts look at each; return what each runs."""
        found: list[set[str]] = [set()] * len(self.hosts)
        for step in range(int(seconds) + 1):
            self.clock.now += 1.0 if step else 0.0
            for number in numbers or range(len(self.hosts)):
                found[number] = self.hosts[number].to_run()
        return found

    def process(self, name: str, number: int):
        """Take a world over as its process does."""
        token = self.hosts[number].token
        return self.hosts[number].take(name, lambda _, lease: lease.holder in ("", token), token, "one")


@pytest.fixture
def rig(buckets, monkeypatch) -> Rig:
    monkeypatch.setattr("zenata.worlds.cluster._FRESH", 0.0)  # the time of these hosts goes faster than that
    return Rig(buckets)


def test_a_world_runs_on_one_host(rig):
    rig.make()
    found = rig.look(5)
    assert sorted(map(len, found)) == [0, 1]
    assert rig.look(LEASE + 2) == found  # its host keeps it while its process starts


def test_a_host_that_is_drained_gives_its_worlds_up_one_after_the_other(rig):
    rig.loads.update({"host-0": 0.1, "host-1": 0.9})
    rig.look(2)
    made = set(rig.make(3))
    assert rig.look(4, 0)[0] == made
    processes = {name: rig.process(name, 0) for name in made}
    rig.hosts[1].drain("host-0")
    for moved in range(1, 4):
        for name in rig.look(0, 0)[0]:
            processes[name].renew()
        first, second = rig.look(0)
        assert (len(first), len(second)) == (3 - moved, moved - 1), "one at a time"
        (leaving,) = made - first - second
        assert rig.look(1) == [first, second], "its process still runs"
        processes[leaving].release()  # as that does when it ends
        assert rig.look(0, 0)[0] == first, "the next one waits until this one has a host"
        assert rig.look(3, 1)[1] == second | {leaving}
    assert rig.look(20) == [set(), made], "it takes none back"
    with pytest.raises(ControlError, match="there is no host 'host-7'; there are: host-0, host-1"):
        rig.hosts[1].drain("host-7")


def test_a_drained_host_that_nobody_can_follow_keeps_its_worlds(rig):
    rig.loads.update({"host-0": 0.1, "host-1": 0.9})
    made = set(rig.make(2))
    assert rig.look(5, 0)[0] == made
    rig.hosts[0].drain("host-0")
    assert rig.look(2, 0)[0] == made
    rig.look(0, 1)
    assert len(rig.look(0, 0)[0]) == 1, "there is another one"
    rig.hosts[1].drain("host-1")
    assert rig.look(LEASE, 0)[0] == made, "which is to be drained too"
    for host in ("host-0", "host-1"):
        rig.hosts[0].drain(host, drained=False)
    assert rig.look(5) == [made, set()]


def test_a_world_moves_to_the_host_that_is_named(rig, monkeypatch):
    rig.loads.update({"host-0": 0.1, "host-1": 0.9})
    rig.look(2)
    made = set(rig.make(2))
    assert rig.look(4, 0)[0] == made
    (name, other) = sorted(made)
    process = rig.process(name, 0)
    rig.hosts[1].move(name, "host-1")
    assert rig.look(0) == [{other}, set()], "its process still runs"
    process.release()  # as that does when it ends
    assert rig.look(3, 0)[0] == {other}, "whoever is the least loaded leaves it to the host that is named"
    monkeypatch.setattr("zenata.worlds.placement.WORLDS_PER_CORE", 0)  # to be named counts for more than being full
    assert rig.look(0, 1)[1] == {name}
    rig.process(name, 1).renew()
    assert rig.look(5) == [{other}, {name}]
    assert rig.hosts[0].bucket.values("moves.*") == [], "it is done"


def test_a_world_stays_if_the_host_that_is_named_cannot_take_it(rig):
    rig.loads.update({"host-0": 0.1, "host-1": 0.9})
    rig.look(2)
    (name,) = rig.make()
    assert rig.look(4, 0)[0] == {name}
    rig.process(name, 0)
    for world, host, problem in (
        ("w-none", "host-1", "there is no world 'w-none'"),
        (name, "host-7", "there is no host 'host-7'; there are: host-0, host-1"),
    ):
        with pytest.raises(ControlError, match=problem):
            rig.hosts[0].move(world, host)
    rig.hosts[0].move(name, "host-1")
    rig.clock.now += LEASE + 1  # in which nothing is heard of the other
    assert rig.look(0, 0)[0] == {name}
    assert rig.hosts[0].bucket.values("moves.*") == [], "it is not tried again when that host is back"
    rig.look(0)
    rig.hosts[0].drain("host-1")
    with pytest.raises(ControlError, match="host-1 is drained: --resume host-1 first"):
        rig.hosts[0].move(name, "host-1")


def test_the_least_loaded_host_claims_first(rig):
    rig.loads.update({"host-0": 0.9, "host-1": 0.2})
    rig.look(2)  # each knows of the other
    rig.make()
    first, second = rig.look(5, 0, 1)
    assert (len(first), len(second)) == (0, 1)


def test_equal_loads_share_the_worlds(rig):
    rig.look(2)
    rig.make(6)
    assert [len(one) for one in rig.look(8)] == [3, 3]


def test_a_host_that_is_silent_loses_its_worlds(rig):
    rig.look(2)
    (name,) = rig.make()
    rig.look(3, 0)
    files = rig.process(name, 0)
    Record(files).save_pace(Pace())
    journal = Record(files).journal()
    journal.add([Entry(at=1)])
    assert rig.look(LEASE - 1, 1)[1] == set()
    assert rig.look(3, 1)[1] == {name}
    for write in (
        lambda: journal.add([Entry(at=2)]),
        lambda: Record(files).save_reached(3),
        lambda: Record(files).save_checkpoint({}),
        files.renew,
    ):
        with pytest.raises(LeaseLostError, match="another host has it now"):
            write()
    assert Record(rig.hosts[1].files(name)).journal().since(0) == [Entry(at=1)]
    mine = rig.process(name, 1)
    assert Record(mine).journal().since(0) == [Entry(at=1)]
    assert mine.lease.epoch == 4


def test_signs_of_life_keep_a_world(rig, monkeypatch):
    monkeypatch.setattr("zenata.worlds.lease.HEARTBEAT", 0.01)
    (name,) = rig.make()
    rig.look(3, 0)
    files = rig.process(name, 0)
    files.hold()
    seen = files.sequence
    while files.sequence < seen + 3:
        assert rig.look(0, 1)[1] == set()
    files.release()
    assert rig.look(3, 1)[1] == {name}
    with pytest.raises(LeaseLostError, match="given up"):
        files.renew()


def test_a_world_that_is_given_up_goes_on_at_once(rig):
    rig.look(2)
    (name,) = rig.make()
    rig.look(3, 0)
    rig.process(name, 0).release()
    assert rig.look(1, 1)[1] == {name}


def test_who_is_called_when_a_world_is_lost(rig, monkeypatch):
    monkeypatch.setattr("zenata.worlds.lease.HEARTBEAT", 0.01)
    (name,) = rig.make()
    files = rig.hosts[0].take(name, lambda *_: True, "a", "a")
    lost = []
    files.on_lost = lambda: lost.append(1)
    other = rig.hosts[1].take(name, lambda *_: True, "b", "b")
    files.hold()
    files._thread.join(30)
    assert lost == [1]
    other.renew()
    files.release()
    other.renew()  # a release that comes late takes nothing from whoever has it now


def test_a_process_that_starts_again_goes_on_with_the_world_of_its_host(rig):
    (name,) = rig.make()
    rig.look(3, 0)
    first = rig.process(name, 0)
    second = rig.process(name, 0)
    second.renew()
    with pytest.raises(LeaseLostError):
        first.renew()
    assert rig.process(name, 1) is None


def test_only_one_host_removes_a_world(rig):
    (name,) = rig.make()
    rig.look(3, 0)
    files = rig.process(name, 0)
    rig.hosts[0].mark(name, "deleted")
    assert not rig.hosts[1].claim(name)
    files.release()
    assert rig.hosts[1].claim(name)
    rig.hosts[1].remove(name)
    assert rig.hosts[0].names() == []


def test_hosts_report_themselves_and_leave(rig):
    rig.loads["host-0"] = 0.5
    (name,) = rig.make()
    rig.look(5, 0)
    rig.look(0, 1)
    shown = {host.name: (host.load, host.worlds) for host in WorldCluster(rig.hosts[0].bucket).hosts()}
    assert shown == {"host-0": (0.5, [name]), "host-1": (0.0, [])}
    rig.hosts[0].leave()
    assert [host.name for host in rig.hosts[1].hosts()] == ["host-1"]
    assert rig.look(1, 1)[1] == {name}


def test_a_full_host_claims_nothing(rig, monkeypatch):
    monkeypatch.setattr("zenata.worlds.placement.WORLDS_PER_CORE", 0)
    rig.make()
    assert rig.look(5) == [set(), set()]


def test_a_name_is_made_once(rig):
    (name,) = rig.make()
    rig.look(3, 0)
    files = rig.process(name, 0)
    with pytest.raises(Conflict, match="there is a world"), rig.hosts[1].draft(name):
        pytest.fail("it is there")
    files.renew()  # whoever has it keeps it


def test_what_is_not_finished_leaves_nothing(rig):
    with suppress(ZeroDivisionError), rig.hosts[0].draft() as draft:
        Record(draft.files).save_checkpoint({})
        raise ZeroDivisionError
    assert rig.hosts[0].bucket.values(f"worlds.{draft.name}.>") == []
    assert rig.hosts[0].bucket.object_names(f"{draft.name}/") == []


def test_checkpoints_leave_one_object(rig):
    (name,) = rig.make()
    record = Record(rig.process(name, 0))
    for number in range(3):
        record.save_checkpoint({"number": np.array(number)})
    assert len(rig.hosts[1].bucket.object_names(f"{name}/")) == 1
    assert int(Record(rig.hosts[1].files(name)).checkpoint()["number"]) == 2


def test_the_secret_is_made_once(rig):
    secrets = {host.secret() for host in rig.hosts}
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32


def test_a_write_that_expects_too_little_conflicts(buckets):
    one, other = buckets
    sequence = one.put("x.a", b"1", ("x.>", 0))
    other.put("x.b", b"2", ("x.>", sequence))
    with pytest.raises(Conflict):
        one.put("x.c", b"3", ("x.>", sequence))
    assert [value.content for value in one.values("x.>")] == [b"1", b"2"]


def test_a_value_that_is_too_long_is_refused(buckets):
    with pytest.raises(BucketError, match="2,000,000 bytes"):
        buckets[0].put("x.long", b"x" * 2_000_000)


def test_signs_of_life_come_often_enough():
    assert 3 * HEARTBEAT < LEASE
