"""What an API hears that does not store: readings, from a real broker."""

import threading

import pytest

from ingest.relay import Relay
from ingest.service import FILTERS
from tests.api.running import small_city
from tests.waiting import wait_until
from tests.zenata.broker.running import running_broker, standard_users
from zenata.city.clock import WallClock
from zenata.store.ledger import Ledger
from zenata.wire import senml, topics
from zenata.wire.mqtt import Publisher, Subscription

TIMEOUT = 60.0  # far beyond what anything here takes [s]
PROPERTIES = [("pm25", "ug/m3"), ("no2", "ug/m3")]
START = 1_767_225_600_000_000
CLOCK = b'{"time": "2026-01-01T00:00:02Z", "speed": 1.0, "state": "running", "messages": 5}'


@pytest.mark.parametrize("kind", ["nats", "mosquitto"])
def test_readings_are_passed_on_and_the_rest_is_left_to_ingest(kind, tmp_path):
    batches, stop, ledger = [], threading.Event(), Ledger()
    topic = topics.telemetry("zenata", "la-ferme", "air", "air-0001")
    with (
        running_broker(kind, tmp_path, standard_users(kind)) as broker,
        Subscription(broker.address("ingest"), client_id="api-1", filters=FILTERS) as subscription,
        Publisher(broker.address("simulators"), client_id="simulators-1") as publisher,
    ):
        subscription.connect(TIMEOUT)
        publisher.connect(TIMEOUT)
        relay = Relay(
            city=small_city(),
            ledger=ledger,
            subscription=subscription,
            clock=WallClock(),
            on_readings=batches.append,
        )
        thread = threading.Thread(target=relay.run, args=(stop,))
        thread.start()
        publisher.publish("zenata/clock", CLOCK)
        for number in range(3):
            records = senml.message("air-0001", START + number, number + 1, PROPERTIES, [50.0 + number, 30.0])
            publisher.publish(topic, senml.encode(records))
            publisher.publish(topic, b"no pack")
        wait_until(lambda: sum(map(len, batches)) >= 6, "all readings are there", pause=0.02)
        stop.set()
        thread.join()
    values = sorted(value for batch in batches for value in batch.value.tolist())
    assert values == [30.0, 30.0, 30.0, 50.0, 51.0, 52.0]
    assert ledger.balance("zenata").published == 5
