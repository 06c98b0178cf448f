"""Both brokers with a certificate, as our own clients and others meet them."""

import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect as connect_websocket

from tests.certificates import Authority
from tests.waiting import wait_until
from tests.zenata.broker.running import BROKERS, HOST, Running, password, running_broker, standard_users
from zenata.broker.base import wait_ready
from zenata.errors import BrokerError, SetupError
from zenata.process.tls import Certificate, Trust, certificate_of
from zenata.wire.address import Address, parse_url
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 60.0
CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00"  # MQTT 3.1.1 section 3.1, without a user
REFUSED = b"\x20\x02\x00"  # section 3.2, up to the code of why


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    made = authority.issue("broker", host=HOST)
    return certificate_of(made.cert, made.key)


@pytest.fixture(scope="module")
def broker(kind: str, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_broker(kind, tmp_path_factory.mktemp(kind), standard_users(kind), certificate) as running:
        yield running


def address(broker: Running, user: str, trusted: str = "", scheme: str = "mqtts") -> Address:
    secret = password(user).replace(" ", "%20")
    return parse_url(f"{scheme}://{user}:{secret}@{HOST}:{broker.mqtt_port}{trusted}")


@pytest.mark.parametrize("trusted", ["ca", "certificate"])
def test_what_is_published_by_tls_is_received_by_tls(broker, authority, certificate, trusted):
    file = {"ca": authority.file, "certificate": certificate.cert}[trusted]
    where = f"?{trusted}={file}"
    payload = bytes(range(256)) * 1000  # more than one record of TLS holds
    with (
        Subscription(
            address(broker, "ingest", where), client_id=f"i-{trusted}", filters=("+/telemetry/#",)
        ) as subscription,
        Publisher(address(broker, "simulators", where), client_id=f"s-{trusted}") as publisher,
    ):
        subscription.connect(TIMEOUT)
        publisher.connect(TIMEOUT)
        for _ in range(20):
            publisher.publish("zenata/telemetry/a/air/air-0001", payload)
        assert publisher.drain(TIMEOUT)
        messages = subscription.receive(limit=20, wait=TIMEOUT)
        subscription.acknowledge(messages)
    assert [message.payload for message in messages] == [payload] * 20


def test_a_broker_that_nobody_vouches_for_is_not_sent_a_password(broker):
    with (
        Publisher(address(broker, "simulators"), client_id="s") as publisher,
        pytest.raises(BrokerError, match="certificate that is not trusted: unable to get local issuer") as caught,
    ):
        publisher.connect(0.5)
    assert password("simulators") not in str(caught.value)


def test_a_certificate_of_another_name_is_not_trusted(kind, authority, tmp_path):
    made = authority.issue("elsewhere", host="broker.example")
    elsewhere = certificate_of(made.cert, made.key)
    with running_broker(kind, tmp_path, standard_users(kind), elsewhere) as broker:
        where = address(broker, "ingest", f"?ca={authority.file}")
        with (
            Subscription(where, client_id="i", filters=("+/clock",)) as subscription,
            pytest.raises(BrokerError, match="certificate that is not trusted: IP address mismatch"),
        ):
            subscription.connect(0.5)


def test_nobody_gets_in_without_tls(broker):
    with (
        Publisher(address(broker, "simulators", scheme="mqtt"), client_id="s") as publisher,
        pytest.raises(BrokerError, match="the broker at"),
    ):
        publisher.connect(0.5)
    with pytest.raises(BrokerError):
        wait_ready(HOST, broker.mqtt_port, 0.3)


def test_waiting_for_a_broker_ends_at_once_if_it_is_another(broker):
    with pytest.raises(BrokerError, match="certificate verify failed"):
        wait_ready(HOST, broker.mqtt_port, 60, Trust().context())


def test_a_websocket_is_one_by_tls(broker, authority):
    context = Trust(ca=authority.file).context()
    with connect_websocket(f"wss://{HOST}:{broker.ws_port}/mqtt", ssl=context, subprotocols=["mqtt"]) as line:
        line.send(CONNECT)
        assert line.recv(TIMEOUT).startswith(REFUSED)
    with pytest.raises((WebSocketException, OSError)):
        connect_websocket(f"ws://{HOST}:{broker.ws_port}/mqtt", subprotocols=["mqtt"], open_timeout=5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_of_today(broker, authority, version):
    context = Trust(ca=authority.file).context()
    context.maximum_version = version
    with (
        socket.create_connection((HOST, broker.mqtt_port), 10) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as line,
    ):
        assert line.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("kind", BROKERS)
def test_a_path_cannot_add_settings(kind, certificate, tmp_path):
    cert = Path(shutil.copy(certificate.cert, tmp_path / 'a"b.pem'))
    found = certificate_of(cert, certificate.key)
    with pytest.raises(SetupError, match="tls_cert"):
        BROKERS[kind].prepare(folder=tmp_path, host=HOST, mqtt_port=1, ws_port=2, users=[], certificate=found)


def test_a_renewed_certificate_is_shown_after_a_signal(authority, tmp_path):
    made = [authority.issue(name, host=HOST) for name in ("old", "new")]
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def install(one) -> None:
        shutil.copy(one.cert, cert)
        shutil.copy(one.key, key)

    install(made[0])
    files = certificate_of(cert, key)
    with running_broker("nats", tmp_path / "broker", standard_users("nats"), files) as broker:
        install(made[1])
        broker.process.send_signal(signal.SIGHUP)
        wait_until(lambda: shows(broker, made[1].cert), "it shows its new certificate")


def shows(broker: Running, cert: Path) -> bool:
    """Return whether a broker shows a certificate."""
    try:
        wait_ready(HOST, broker.mqtt_port, 1, Trust(certificate=cert).context())
    except BrokerError:
        return False
    return True
