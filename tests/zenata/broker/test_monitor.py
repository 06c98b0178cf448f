import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.system.mqtt_attack import CLEAN, CONNECT, LOGIN, packet, subscribe, text
from tests.waiting import beside, wait_until
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import BROKERS, HOST, Running, password, running_broker, standard_users
from zenata.broker.base import MONITOR
from zenata.broker.keeper import Keeper
from zenata.broker.monitor import BrokerMonitor, Connection
from zenata.broker.nats import MonitorPort, Nats
from zenata.broker.protocol import session_name
from zenata.city.clock import SECOND
from zenata.errors import BrokerError
from zenata.process.ports import free_ports

SECRET = "of the / monitor"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


def log_of(folder: Path) -> str:
    return (folder / "broker.log").read_text()


@pytest.fixture(scope="module")
def watched(folder: Path) -> Iterator[tuple[Running, str]]:
    """A broker, and the URL by which it is asked."""
    (port,) = free_ports(HOST, {"watch": 0}).values()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BROKERS, "nats", Nats(monitor=MonitorPort(port=port, password_hash=Nats().hash_password(SECRET))))
        with running_broker("nats", folder, standard_users("nats")) as broker:
            yield broker, f"nats://{MONITOR}:{quote(SECRET, safe='')}@{HOST}:{port}"


@contextmanager
def watching(url: str) -> Iterator[BrokerMonitor]:
    with closing(BrokerMonitor(url)) as monitor:
        yield monitor


def of(url: str, user: str) -> list[Connection]:
    with watching(url) as monitor:
        return [one for one in monitor.connections() if one.user == user]


def disk_usage(url: str) -> float:
    with watching(url) as monitor:
        return monitor.disk_usage()


def test_who_is_connected_is_reported_while_it_is(watched: tuple[Running, str]) -> None:
    broker, url = watched
    before = time.time()
    with Client(broker, "demo", session="roof") as demo, Client(broker, "demo_phone", transport="websockets"):
        demo.subscribe("pilots/demo/#")
        demo.publish("pilots/demo/telemetry/roof", ["one", "two"])
        demo.wait_for("one", "two")
        (found,) = of(url, "demo")
        assert (found.client, found.address, found.messages) == ("roof", HOST, 2)
        assert before - 1 < found.since / SECOND < time.time() + 1
        assert len(of(url, "demo_phone")) == 1
        assert of(url, "eve") == []
    wait_until(lambda: not of(url, "demo") and not of(url, "demo_phone"), "they are gone")


def test_many_are_reported(watched: tuple[Running, str]) -> None:
    broker, url = watched
    clients = [Client(broker, "eve") for _ in range(100)]
    try:
        for client in clients:
            client.__enter__()
        assert len(of(url, "eve")) == 100
    finally:
        for client in clients:
            client.__exit__()


def test_how_much_it_stores_is_reported(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with Client(broker, "demo", session="away") as demo:
        demo.subscribe("pilots/demo/#")
    before = disk_usage(url)
    with Client(broker, "demo") as demo:
        demo.publish("pilots/demo/x", ["x" * 1_000_000 for _ in range(20)])
    assert 20e6 < (disk_usage(url) - before) * 16 * 2**30 < 22e6  # of max_file_store


def test_how_many_messages_it_has_had_and_has_is_reported(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with Client(broker, "demo", session="absent") as absent:
        assert absent.subscribe("pilots/demo/roof")
    with watching(url) as monitor, Client(broker, "demo") as demo:
        before = monitor.stored()
        demo.publish("pilots/demo/roof", ["a", "b", "c"])
        after = monitor.stored()
        assert (after.newest - before.newest, after.waiting - before.waiting) == (3, 3)


def test_sessions_are_listed_with_subscriptions_or_without(watched: tuple[Running, str]) -> None:
    broker, url = watched
    keeper = Keeper(url)
    with Client(broker, "demo", session="void"), Client(broker, "demo", session="heard") as heard:
        heard.subscribe("pilots/demo/#")
    assert {session_name("void"), session_name("heard")} <= keeper.sessions()
    keeper.forget((), session_name("void"))
    assert session_name("void") not in keeper.sessions()
    with Client(broker, "demo", session="void") as void:
        assert not void.session_present


def test_who_does_not_read_is_found_with_what_waits(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with closing(deaf_client(broker)), Client(broker, "demo") as demo, watching(url) as monitor:
        for _ in range(20):
            demo.publish("pilots/demo/loud", ["x" * 1_000_000], qos=0)
        wait_until(lambda: [one.user for one in monitor.slow_readers() if one.waiting > 1_000_000], "it waits")
        assert [one.client for one in monitor.slow_readers()] == ["deaf"]
        assert next(one for one in monitor.connections() if one.client == "deaf").subscriptions == 1


def deaf_client(broker: Running) -> socket.socket:
    """Return a connection that subscribes, and reads nothing more."""
    one = socket.create_connection((broker.host, broker.mqtt_port), timeout=60)
    fields = b"".join(map(text, ("deaf", "demo", password("demo"))))
    one.sendall(packet(CONNECT, text("MQTT") + bytes([4, LOGIN | CLEAN, 0, 0]) + fields))
    assert one.recv(4)[:1] == b"\x20"
    one.sendall(subscribe(["pilots/demo/loud"]))
    return one


def test_one_line_serves_many_questions_and_outlives_what_cuts_it(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with watching(url) as monitor, Client(broker, "demo") as demo:
        monitor.open()
        before = monitor._connection
        assert [one.user for one in monitor.connections()] == [one.user for one in monitor.connections()] == ["demo"]
        assert monitor.disk_usage() < 1
        assert monitor._connection is before
        before._socket.shutdown(socket.SHUT_RDWR)
        assert [one.user for one in monitor.connections()] == ["demo"]
        assert demo.connected


def test_who_is_cut_is_disconnected_and_nobody_else(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with (
        watching(url) as monitor,
        Client(broker, "demo") as tcp,
        Client(broker, "demo", transport="websockets") as page,
        Client(broker, "demo_phone") as phone,
    ):
        assert monitor.disconnect({"demo": 0, "nobody": 0}) == 2
        tcp.wait_closed()
        page.wait_closed()
        assert phone.subscribe("pilots/demo/#")
        assert monitor.disconnect({"demo": 0}) == 0


def test_those_closed_come_before_those_there_as_they_went(watched: tuple[Running, str]) -> None:
    broker, url = watched
    for session in ("went-1", "went-2", "went-3", "went-1"):
        with Client(broker, "demo", session=session):
            pass
    with watching(url) as monitor, Client(broker, "demo", session="went-2"):

        def names() -> list[str]:
            return [one.client for one in monitor.connections(closed=True) if one.client.startswith("went-")]

        expected = ["went-1", "went-2", "went-3", "went-1", "went-2"]
        wait_until(lambda: len(names()) == len(expected), "the broker has noticed that all are gone")
        assert names() == expected


def test_of_a_user_those_are_cut_that_came_in_a_span_of_time(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with watching(url) as monitor, Client(broker, "demo") as first:
        (one,) = monitor.connections()
        with Client(broker, "demo") as second:
            (other,) = (found for found in monitor.connections() if found.since > one.since)
            assert monitor.disconnect({"demo": other.since + 1}) == 0
            assert monitor.disconnect({"demo": one.since + 1}, until=other.since - 1) == 0
            assert monitor.disconnect({"demo": one.since + 1}, until=other.since) == 1
            second.wait_closed()
            assert first.connected


def test_when_it_took_in_its_users_is_reported(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with watching(url) as monitor:
        before = monitor.loaded()
        began = time.time()
        broker.give(standard_users("nats"))
        wait_until(lambda: monitor.loaded() > before, "it has taken them in")
        assert monitor.loaded() / SECOND > began


def test_who_is_cut_is_gone_at_once_while_the_broker_takes_in_users(watched: tuple[Running, str], folder: Path) -> None:
    """It goes through every retained message then, and lets nobody in; a line that is open is answered all the same."""
    broker, url = watched
    with Client(broker, "demo") as demo:
        demo.retain([f"pilots/demo/{number}" for number in range(20_000)])
    assert any(_cut_during_reload(broker, url, folder) for _ in range(5))  # a slow machine may miss the moment


def _cut_during_reload(broker: Running, url: str, folder: Path) -> bool:
    """Cut a client while the broker reloads; return whether it was gone before the reload ended."""
    with watching(url) as monitor, Client(broker, "demo") as demo:
        monitor.open()
        before = log_of(folder)
        broker.give(standard_users("nats"))
        wait_until(lambda: "Trapped" in log_of(folder)[len(before) :], "it begins")
        assert monitor.disconnect({"demo": 0}) == 1
        demo.wait_closed()
        gone_first = "Reloaded server" not in log_of(folder)[len(before) :]
    wait_until(lambda: "Reloaded server" in log_of(folder)[len(before) :], "it ends")
    return gone_first


def test_whoever_asks_receives_nothing_that_is_reported(watched: tuple[Running, str]) -> None:
    broker, url = watched
    with socket.create_connection((HOST, int(url.rpartition(":")[2])), 10) as sock, sock.makefile("rwb") as file:
        file.readline()
        file.write(b'CONNECT {"user":"watcher","pass":"%b","verbose":false}\r\n' % SECRET.encode())
        subjects = ("zenata.>", "$MQTT.>", "$SYS.>", "_INBOX.>", ">")
        file.write(b"".join(b"SUB %b 1\r\n" % subject.encode() for subject in subjects))
        file.write(
            b"PUB zenata.commands.streetlight.lamp-0001 2\r\non\r\nPUB $SYS.REQ.SERVER.PING.SUBSZ 0\r\n\r\nPING\r\n"
        )
        file.flush()
        refused = [file.readline() for _ in (*subjects, "publish", "publish")]
        assert all(line.startswith(b"-ERR 'Permissions Violation") for line in refused), refused
        assert file.readline() == b"PONG\r\n"
        with Client(broker, "admin") as admin:
            admin.subscribe("zenata/commands/#")
            admin.publish("zenata/commands/streetlight/lamp-0001", ["by admin"])
            admin.wait_for("by admin")
        file.write(b"PING\r\n")
        file.flush()
        assert file.readline() == b"PONG\r\n"
    assert [message.payload for message in admin.messages] == [b"by admin"]


def test_nobody_else_may_ask(watched: tuple[Running, str]) -> None:
    _, url = watched
    for wrong in (url.replace("nats://watcher:", "nats://watcher:x"), url.replace("//watcher", "//demo")):
        with watching(wrong) as monitor, pytest.raises(BrokerError, match="answer: -ERR 'Authorization Violation'"):
            monitor.connections()


@pytest.mark.parametrize(
    "log_of", [b"", b"INFO {}\r\n", b"MSG a 1 3\r\nxyz\r\n", b"MSG a 1 2\r\n{}\r\n", b"MSG\r\n", b"\r\n"]
)
def test_what_does_not_answer_so_is_reported_in_one_line(log_of: bytes) -> None:
    with socket.create_server((HOST, 0)) as server:

        def answer() -> None:
            with server.accept()[0] as sock:
                sock.recv(10)
                sock.sendall(log_of)

        with beside(answer), pytest.raises(BrokerError, match=r"^the broker's monitoring does not answer: .+$"):
            BrokerMonitor(f"nats://watcher:x@{HOST}:{server.getsockname()[1]}").connections()


def test_nobody_there_is_reported(tmp_path: Path) -> None:
    (port,) = free_ports(HOST, {"watch": 0}).values()
    with pytest.raises(BrokerError, match="monitoring does not answer"):
        BrokerMonitor(f"nats://watcher:x@{HOST}:{port}").connections()
