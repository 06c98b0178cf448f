"""Three NATS servers, of which one is killed under load and its disk lost: nothing acknowledged is, and clients move."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tests.zenata.broker.running import HOST, password, standard_users
from zenata.broker.base import wait_ready
from zenata.broker.nats import Nats, Node
from zenata.process.ports import free_ports
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 40.0  # far beyond what anything here takes: a new leader, and NATS' 5 s before it asks again, included [s]
TOTAL, BEFORE = 5_000, 1_500


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[list[subprocess.Popen[bytes]], list[int]]]:
    """Run three nodes, each in a folder of its own; yield their processes and MQTT ports."""
    ports = free_ports(HOST, {f"{name}{number}": 0 for number in range(3) for name in ("mqtt", "ws", "node")})
    peers = [f"{HOST}:{ports[f'node{number}']}" for number in range(3)]
    with ExitStack() as stack:
        nodes = []
        for number in range(3):
            node = Node(name=f"node-{number}", host=HOST, port=ports[f"node{number}"], peers=peers, secret="s3cret")
            where = folder / node.name
            args = Nats(node).prepare(
                folder=where,
                host=HOST,
                mqtt_port=ports[f"mqtt{number}"],
                ws_port=ports[f"ws{number}"],
                users=standard_users("nats"),
            )
            log = stack.enter_context((folder / f"{node.name}.log").open("wb"))
            process = stack.enter_context(subprocess.Popen(args, stdout=log, stderr=log))
            stack.callback(process.kill)
            nodes.append(process)
        for number in range(3):
            wait_ready(HOST, ports[f"mqtt{number}"], TIMEOUT)
        yield nodes, [ports[f"mqtt{number}"] for number in range(3)]


def address(user: str, ports: list[int]) -> Address:
    first, *others = ports
    return Address(
        host=HOST,
        port=first,
        others=tuple((HOST, port) for port in others),
        username=user,
        password=password(user),
    )


@pytest.mark.slow
def test_a_node_is_lost_under_load(tmp_path):
    received: list[int] = []
    with (
        cluster(tmp_path) as (nodes, ports),
        Subscription(address("ingest", ports), client_id="ingest", filters=["+/telemetry/+/+/+"]) as client,
        Publisher(address("simulators", ports), client_id="simulators") as publisher,
    ):

        def publish() -> None:
            for number in range(TOTAL):
                publisher.publish(f"zenata/telemetry/a/b/{number % 100}", b"%d" % number)

        def arrived(numbers: range) -> bool:
            messages = client.receive(limit=500, wait=0.1)
            client.acknowledge(messages)
            received.extend(int(message.payload) for message in messages)
            return set(numbers) <= set(received)

        client.connect(TIMEOUT)
        publisher.connect(TIMEOUT)
        load = threading.Thread(target=publish)
        load.start()
        wait_until(lambda: arrived(range(BEFORE)), "the load flows")
        nodes[0].kill()  # which both clients are connected to
        nodes[0].wait()
        shutil.rmtree(tmp_path / "node-0")
        wait_until(lambda: arrived(range(TOTAL)), "everything arrives from the other nodes")
        load.join(TIMEOUT)
        assert publisher.drain(TIMEOUT)
        assert [node.poll() for node in nodes[1:]] == [None, None]
