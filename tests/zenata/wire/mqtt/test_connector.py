import paho.mqtt.client as paho

from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt.connector import Connector

HOST = "127.0.0.1"


def nobody() -> Address:
    return Address(host=HOST, port=free_ports(HOST, {"port": 0})["port"])


def pauses(attempts: int) -> list[float]:
    """Return the pauses after so many attempts in vain [s]."""
    connector = Connector(paho.Client, nobody(), client_id="connector")
    found = []
    for _ in range(attempts):
        connector.connect()
        found.append(connector.pause)
    return found


def test_pauses_are_drawn_from_zero_to_a_bound_that_doubles():
    drawn = [pauses(10) for _ in range(100)]
    for attempt in range(10):
        bound = min(0.1 * 2**attempt, 5.0)
        found = [each[attempt] for each in drawn]
        assert max(found) <= bound
        assert min(found) < 0.2 * bound < 0.8 * bound < max(found)  # by chance it is not: once in 10^9 runs


def test_hosts_are_tried_in_turn():
    first, second = nobody(), nobody()
    connector = Connector(
        paho.Client, Address(host=HOST, port=first.port, others=((HOST, second.port),)), client_id="connector"
    )
    tried = []
    for _ in range(4):
        connector.connect()
        tried.append(connector.client.port)
    assert tried == [first.port, second.port] * 2
