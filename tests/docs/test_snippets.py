"""docs/snippets: what each says and asks is taken by a real API and a real broker; JavaScript runs in Node."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.settings import Settings
from tests.api.live.streams import listening
from tests.api.running import Api, batch_of, running, series_of
from tests.client.proxy import proxy_to
from tests.zenata.broker.client import Client
from tests.zenata.broker.running import password
from zenata.wire import senml, topics
from zenata.wire.uplinks import registry

SNIPPETS = Path(__file__).parents[2] / "docs/snippets"
FLOW = {node["id"]: node for node in json.loads((SNIPPETS / "node-red/flow.json").read_text())}
PAGE = (SNIPPETS / "javascript/page.html").read_text(encoding="utf-8")
SKETCH = (SNIPPETS / "esp32/roof/roof.ino").read_text(encoding="utf-8")
PACK = '[{"bn":"air-0042/","bt":1767225600,"seq":17,"n":"pm25","u":"ug/m3","v":32.5},{"n":"no2","u":"ug/m3","v":31.0}]'
NODE = Path(sys.prefix) / "bin" / "node"


def constant(source: str, name: str) -> str:
    """The text of a constant in JavaScript or C++."""
    (text,) = re.findall(rf'{name}(?:\[\])? = ("(?:[^"\\]|\\.)*")', source)
    return json.loads(text)


def of_type(type_: str) -> dict:
    (node,) = (node for node in FLOW.values() if node["type"] == type_)
    return node


MESSAGES = {
    "esp32": (constant(SKETCH, "TOPIC"), constant(SKETCH, "MESSAGE") % (21.5, 80)),
    "node-red": (of_type("mqtt out")["topic"], of_type("inject")["payload"]),
}
"""What the snippets say, and where."""

FILTERS = {"page": constant(PAGE, "TOPIC"), "node-red": of_type("mqtt in")["topic"]}
"""What they listen to."""


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with running() as api, api.client() as client:
        api.store.append(batch_of(series_of(api.city), range(1)))
        assert client.post("/v1/devices", json={"id": "roof"}).status_code == 201
        yield api


def node(script: str, *words: str) -> subprocess.Popen[str]:
    """Start Node with a module that may import zenata.mjs."""
    command = [NODE, "--input-type=module", "--eval", script, *words]
    return subprocess.Popen(
        command, cwd=SNIPPETS / "javascript", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def results_of(script: str, *words: str) -> list:
    """What a module prints, a JSON document a line."""
    with node(script, *words) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


IMPORT = """
import { latest, listen, send } from "./zenata.mjs";
const [url, key] = process.argv.slice(1);
const sandbox = { url, key };
"""


@pytest.mark.parametrize("name", MESSAGES)
def test_what_a_device_says_is_taken(name, api, broker):
    topic, message = MESSAGES[name]
    spoken = topics.parse_device(topic)
    assert (spoken.pilot, spoken.device) == ("demo", "roof")
    (uplink,) = registry.decode(message.encode(), registry.AUTO, 0)
    assert uplink.properties["temperature"].value == 21.5
    with api.client() as client:
        answer = client.post("/v1/telemetry", params={"device": spoken.device}, content=message)
        assert (answer.status_code, answer.json()["left_out"]) == (200, [])
    with Client(broker, "demo") as listener, Client(broker, "demo") as device:
        assert listener.subscribe(topic)
        device.publish(topic, [message], qos=1)
        listener.wait_for(message)


@pytest.mark.parametrize("name", FILTERS)
def test_what_is_listened_to_is_what_the_city_says(name, broker):
    topic = topics.telemetry("zenata", "la-ferme", "air", "air-0042")
    assert senml.decode(PACK.encode(), 0)
    with (
        Client(broker, "demo", transport="websockets" if name == "page" else "tcp") as listener,
        Client(broker, "simulators") as simulators,
    ):
        assert listener.subscribe(FILTERS[name])
        simulators.publish(topic, [PACK])
        listener.wait_for(PACK)
        assert listener.topics == {topic}


def test_python_goes_on_after_an_exception_in_its_handler(broker):
    topic = topics.telemetry("zenata", "la-ferme", "air", "air-0042")
    command = [sys.executable, str(SNIPPETS / "python/mqtt_client.py"), broker.host, str(broker.mqtt_port)]
    environment = {**os.environ, "ZENATA_KEY": password("demo")}
    with (
        Client(broker, "demo") as listener,
        Client(broker, "simulators") as simulators,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert listener.subscribe("pilots/demo/telemetry/roof")
            simulators.publish(
                topic, ["no JSON"], retain=True
            )  # retained: it comes first, whenever the snippet subscribes
            assert "was not handled" in process.stderr.readline()
            simulators.publish(topic, [PACK])
            assert process.stdout.readline() == "air-0042 {'pm25': 32.5, 'no2': 31.0}\n"
            assert process.poll() is None
            assert listener.subscribe("pilots/demo/telemetry/+")
        finally:
            process.kill()


def test_the_flow_is_whole():
    assert len(FLOW) == len(json.loads((SNIPPETS / "node-red/flow.json").read_text()))
    ends = [end for node in FLOW.values() for wire in node.get("wires", ()) for end in wire]
    assert len(ends) == 3
    assert all("wires" in FLOW[end] for end in ends)
    assert {node["broker"] for node in FLOW.values() if node["type"].startswith("mqtt ")} == {
        of_type("mqtt-broker")["id"]
    }
    assert {node.get("z", of_type("tab")["id"]) for node in FLOW.values()} == {of_type("tab")["id"]}
    assert not re.search(r"zk_|password", json.dumps(FLOW))


@pytest.mark.parametrize(("value", "alarm"), [(32.5, "air-0042: 32.5 ug/m3"), (12.3, None)])
def test_the_flow_shows_bad_air(value, alarm):
    records = json.loads(PACK.replace("32.5", str(value)))
    message = json.dumps({"topic": "zenata/telemetry/la-ferme/air/air-0042", "payload": records})
    script = "const [code, msg] = process.argv.slice(1); console.log(JSON.stringify(new Function('msg', code)(JSON.parse(msg))))"
    (answer,) = results_of(script, of_type("function")["func"], message)
    assert (answer and answer["payload"]) == alarm


def test_the_page_shows_what_comes():
    (code,) = re.findall(r"<script>\n(.*?)</script>", PAGE, flags=re.DOTALL)
    script = """
const [code, payload] = process.argv.slice(1);
const shown = [];
const document = {
  getElementById: (id) => ({ appendChild: (row) => (shown.push(row), row) }),
  createElement: () => ({}),
};
const on = {};
const asked = [];
const mqtt = { connect: (...words) => (asked.push(words), { on: (name, act) => (on[name] = act), subscribe: (...words) => asked.push(words) }) };
new Function("mqtt", "document", code)(mqtt, document);
on.connect();
on.message("zenata/telemetry/la-ferme/air/air-0042", Buffer.from(payload));
on.message("zenata/telemetry/la-ferme/air/air-0042", Buffer.from(payload));
console.log(JSON.stringify([shown, asked]));
"""
    ((shown, calls),) = results_of(script, code, PACK)
    assert shown == [{"textContent": "air-0042: pm25 32.5 ug/m3, no2 31 ug/m3"}]
    assert calls == [
        [f"ws://127.0.0.1:{Settings.model_fields['ws_port'].default}/mqtt", {"username": "demo", "password": "zk_..."}],
        [FILTERS["page"], {"qos": 1}],
    ]


def test_javascript_asks_and_says(api):
    script = (
        IMPORT
        + """
console.log(JSON.stringify(await latest(sandbox, { kind: "air", property: "pm25" })));
console.log(JSON.stringify(await send(sandbox, "roof", { temperature: 21.5, door: true })));
console.log(JSON.stringify(await latest(sandbox, { world: "p-test-pilot" })));
try {
  await latest(sandbox, { kind: "aire" });
} catch (error) {
  console.log(JSON.stringify([error.status, error.message]));
}
"""
    )
    rows, taken, own, refused = results_of(script, api.url, api.secrets["pilot"])
    assert {(row["sensor"], row["property"]) for row in rows} == {("air-0001", "pm25"), ("air-0002", "pm25")}
    assert taken == {"devices": ["roof"], "readings": 2, "left_out": []}
    assert {(row["property"], row["value"]) for row in own} >= {("temperature", 21.5), ("door", 1)}
    assert refused[0] == 422
    assert "aire" in refused[1]


def test_javascript_listens_behind_a_proxy_that_was_cut(api):
    script = (
        IMPORT
        + """
let left = 2;
for await (const reading of listen(sandbox, { kind: "noise" })) {
  console.log(JSON.stringify(reading.seq));
  if (--left === 0) break;
}
"""
    )
    with proxy_to(api.url) as proxy, node(script, proxy.url, api.secrets["pilot"]) as process:
        try:
            for minute in (1, 2):
                if minute == 1:
                    listening(api)
                batch = batch_of(series_of(api.city), range(minute, minute + 1))
                api.store.append(batch)
                api.hub.publish(batch)
                assert process.stdout.readline() == f"{minute + 1}\n"
                if minute == 1:
                    proxy.cut()
                    listening(api, 0)
            _, err = process.communicate(timeout=60)
            assert (process.returncode, err, proxy.cuts) == (0, "", 1)
        finally:
            process.kill()
