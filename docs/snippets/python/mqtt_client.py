"""Reads the city over MQTT and sends readings of a device, with paho-mqtt 2 (pip install paho-mqtt).

ZENATA_KEY=zk_... python mqtt_client.py [host] [port] [pilot] [device]

Without care an exception in `on_message` ends the thread of paho: nothing comes any more, `is_connected()` stays true and
no error is shown. So every message is handled inside `try`, and what fails is logged with its topic.
"""

import json
import logging
import os
import sys
import time
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

log = logging.getLogger("city")

FILTER = "zenata/telemetry/+/air/#"
"""One district level, one kind, every sensor."""


def handle(topic: str, records: list[dict[str, Any]]) -> None:
    """Do something with a message of a sensor, a SenML pack (RFC 8428)."""
    sensor = records[0]["bn"].rstrip("/")
    print(sensor, {record["n"]: record["v"] for record in records if "v" in record}, flush=True)


def on_connect(client: Client, _: object, flags: object, reason: ReasonCode, properties: object) -> None:
    """Subscribe here and not once at the start: paho connects again by itself, and a new session has no subscriptions."""
    if reason.is_failure:
        log.error("refused: %s; is the user your pilot, and the password one of its keys?", reason)
        return
    client.subscribe(FILTER, qos=1)


def on_message(_: Client, __: object, message: MQTTMessage) -> None:
    """Handle a message; whatever fails in it stops nothing."""
    try:
        handle(message.topic, json.loads(message.payload))
    except Exception:
        log.exception("a message on %s was not handled", message.topic)


def main() -> None:
    """Listen for ever, and send a reading of the device every ten seconds."""
    host, port, pilot, device = [*sys.argv[1:], *("127.0.0.1", "1883", "demo", "roof")[len(sys.argv) - 1 :]]
    # The broker refuses client ids with a dot, a space, * or >.
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{pilot}-{device}-{os.getpid()}")
    client.username_pw_set(pilot, os.environ["ZENATA_KEY"])
    client.on_connect, client.on_message = on_connect, on_message
    client.reconnect_delay_set(min_delay=1, max_delay=30)
    client.connect(host, int(port))
    client.loop_start()
    while True:
        # A time of its own makes a message that is sent twice the same reading.
        reading = {"temperature": 21.5, "door": True, "time": time.time()}
        sent = client.publish(f"pilots/{pilot}/telemetry/{device}", json.dumps(reading), qos=1)
        sent.wait_for_publish(10)
        if not sent.is_published():
            log.warning("the broker has not confirmed the reading yet; paho sends it when it is connected again")
        time.sleep(10)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
