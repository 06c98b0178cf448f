"""npm clients, in Node: `@influxdata/influxdb-client` writes, `mqtt` hears and publishes."""

import json
import subprocess
import sys
from pathlib import Path

from tests.api.running import Api
from tests.clients.conftest import latest
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import Running, password

PACKAGES = Path(__file__).parents[2] / "scripts/clients"
NODE = Path(sys.prefix) / "bin/node"
TOPIC = "zenata/telemetry/la-ferme/air/air-0043"

INFLUX = """
const { InfluxDB, Point } = require("@influxdata/influxdb-client");
const [url, token] = process.argv.slice(1);
const write = new InfluxDB({ url, token }).getWriteApi("zenata", "zenata", "ms", { maxRetries: 0 });
write.writePoint(new Point("cpu").tag("host", "box").floatField("usage", 12.5));
write.close().then(() => console.log("written"), (error) => console.log(error.statusCode, error.message));
"""
MQTT = """
const mqtt = require("mqtt");
const [url, username, password, topic] = process.argv.slice(1);
const client = mqtt.connect(url, { username, password, clientId: "demo-npm", reconnectOnConnackError: true });
client.on("connect", () => client.subscribe(topic, { qos: 1 }));
client.on("message", (_, payload) => {
  console.log(payload.toString());
  client.publish("pilots/demo/telemetry/roof", '{"door": true}', { qos: 1 }, () => client.end());
});
"""


def node(script: str, *words: str) -> str:
    assert (PACKAGES / "node_modules").exists(), "the npm packages are not installed: `make test` does so"
    command = [NODE, "--eval", script, *words]
    done = subprocess.run(command, cwd=PACKAGES, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_influxdb_client_of_npm_writes(api: Api) -> None:
    assert node(INFLUX, api.url, api.secrets["pilot"]) == "written"
    assert 12.5 in latest(api, "box").values()
    assert node(INFLUX.replace('"box"', '"none"'), api.url, api.secrets["pilot"]).startswith("400")


def test_mqtt_of_npm_receives_and_publishes(broker: Running) -> None:
    url = f"mqtt://{broker.host}:{broker.mqtt_port}"
    message = json.dumps([{"bn": "air-0043/", "n": "pm25", "v": 1}])
    with Client(broker, "simulators") as simulators, Client(broker, "ingest") as ingest:
        assert ingest.subscribe("pilots/+/telemetry/+")
        simulators.publish(TOPIC, [message], retain=True)
        assert node(MQTT, url, "demo", password("demo"), TOPIC) == message
        ingest.wait_for('{"door": true}')
