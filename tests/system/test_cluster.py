"""Three NATS servers, of which one is killed under load and its disk lost: nothing acknowledged is, and clients move."""

import shutil
import threading

import pytest

from tests.system.cluster import cluster
from tests.waiting import wait_until
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 40.0  # far beyond what anything here takes: a new leader, and NATS' 5 s before it asks again, included [s]
TOTAL, BEFORE = 5_000, 1_500


@pytest.mark.slow
def test_a_node_is_lost_under_load(tmp_path):
    received: list[int] = []
    with (
        cluster(tmp_path) as servers,
        Subscription(servers.address("ingest"), client_id="ingest", filters=["+/telemetry/+/+/+"]) as client,
        Publisher(servers.address("simulators"), client_id="simulators") as publisher,
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
        servers.nodes[0].kill()  # which both clients are connected to
        servers.nodes[0].wait()
        shutil.rmtree(tmp_path / "node-0")
        wait_until(lambda: arrived(range(TOTAL)), "everything arrives from the other nodes")
        load.join(TIMEOUT)
        assert publisher.drain(TIMEOUT)
        assert [node.poll() for node in servers.nodes[1:]] == [None, None]
