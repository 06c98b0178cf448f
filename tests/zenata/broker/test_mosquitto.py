import re
import socket
import subprocess
from contextlib import ExitStack, suppress

import pytest

from tests.zenata.broker.client import Client
from tests.zenata.broker.running import HOST, running_broker, standard_users
from zenata.broker import mosquitto
from zenata.broker.base import pilot_user
from zenata.broker.mosquitto import Mosquitto
from zenata.broker.nats import Nats
from zenata.errors import SetupError


def test_the_hash_is_written_as_mosquitto_passwd_writes_it(tmp_path):
    file = tmp_path / "users"
    file.touch()
    subprocess.run(["mosquitto_passwd", "-b", file, "demo", "secret"], check=True, capture_output=True)
    shape = r"demo:\$7\$101\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}=="
    assert re.fullmatch(shape, file.read_text().strip())
    assert re.fullmatch(shape, "demo:" + Mosquitto().hash_password("secret"))


@pytest.mark.parametrize(
    "hash_",
    ["", "plain", Nats().hash_password("secret"), "$7$101$AAAA$AAAA\nroot:"],
    ids=["empty", "plain", "bcrypt", "two lines"],
)
def test_what_is_no_such_hash_is_refused_and_not_shown(hash_, tmp_path):
    with pytest.raises(SetupError, match=r"needs a \$7\$ hash for the user 'demo'$"):
        Mosquitto().prepare(folder=tmp_path, host=HOST, mqtt_port=1, ws_port=2, users=[pilot_user("demo", hash_)])


def test_connections_are_bounded_and_whoever_is_connected_goes_on(tmp_path):
    """Mosquitto limits a listener by `max_connections`, and no user: docs/security.md says what that means."""
    with (
        running_broker("mosquitto", tmp_path, standard_users("mosquitto")) as broker,
        Client(broker, "demo") as demo,
        Client(broker, "simulators") as city,
        ExitStack() as stack,
    ):
        assert demo.subscribe("zenata/clock")
        for _ in range(1100):
            with suppress(OSError):
                stack.enter_context(socket.create_connection((broker.host, broker.mqtt_port), timeout=20))
        late = stack.enter_context(socket.create_connection((broker.host, broker.mqtt_port), timeout=20))
        with suppress(ConnectionResetError):
            assert late.recv(1) == b""  # closed at once
        city.publish("zenata/clock", ["noon"])
        demo.wait_for("noon")


def test_what_waits_for_a_client_that_does_not_read_is_bounded_by_its_number(tmp_path, monkeypatch):
    """At QoS 0 Mosquitto counts no bytes: without the number, one subscription to the city takes 10 GB of memory a day."""
    config_files = mosquitto.config_files

    def with_few(*args):
        files = config_files(*args)
        config = files["mosquitto.conf"].replace("\nmax_queued_messages 2000000\n", "\nmax_queued_messages 20\n")
        return files | {"mosquitto.conf": config}

    monkeypatch.setattr(mosquitto, "config_files", with_few)
    log = tmp_path / "broker.log"
    with running_broker("mosquitto", tmp_path, standard_users("mosquitto")) as broker, Client(broker, "demo") as demo:
        slow = Client(broker, "demo_phone", session="slow")
        slow.__enter__()
        assert slow.subscribe("pilots/demo/#", 0)
        slow._paho.loop_stop()  # it reads no more; its kernel takes some megabytes
        demo.publish("pilots/demo/note", ["x" * 200_000] * 200)
        assert "Outgoing messages are being dropped for client slow" in log.read_text()
        slow._paho._reset_sockets()
