"""MQTT clients hear the city and send messages of devices, on the embedded broker."""

import asyncio

import aiomqtt

from tests.zenata.broker.client import Client
from tests.zenata.broker.running import Running, password
from zenata.wire import topics

TOPIC = topics.telemetry("zenata", "la-ferme", "air", "air-0042")
PACK = '[{"bn":"air-0042/","bt":1767225600,"seq":17,"n":"pm25","u":"ug/m3","v":32.5}]'


def test_aiomqtt_receives_retained_and_live_messages_and_publishes(broker: Running) -> None:
    async def run(simulators: Client) -> list[bytes]:
        async with aiomqtt.Client(
            broker.host, broker.mqtt_port, username="demo", password=password("demo"), identifier="demo-aiomqtt"
        ) as client:
            await client.subscribe("zenata/telemetry/#", qos=1)
            received = [(await anext(client.messages)).payload]
            await asyncio.to_thread(simulators.publish, TOPIC, [PACK.replace("17", "18")])
            received.append((await anext(client.messages)).payload)
            await client.publish("pilots/demo/telemetry/roof", '{"temperature": 21.5}', qos=1)
            return received

    with Client(broker, "simulators") as simulators, Client(broker, "ingest") as ingest:
        assert ingest.subscribe("pilots/+/telemetry/+")
        simulators.publish(TOPIC, [PACK], retain=True)
        received = asyncio.run(asyncio.wait_for(run(simulators), 30))
        ingest.wait_for('{"temperature": 21.5}')
    assert received == [PACK.encode(), PACK.replace("17", "18").encode()]
