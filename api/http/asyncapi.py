"""The AsyncAPI document, made from the channels, and so from the topics and payloads that the code works with.

References
----------
AsyncAPI 3.0.0; AsyncAPI MQTT bindings 0.2.0.
"""

import inspect
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from api.http.channels import CHANNELS, Channel, Payload
from zenata.contract.schema import Schemas
from zenata.wire.topics import Pattern

_DESCRIPTION = """
The simulated city of Zenata over MQTT 3.1.1, at QoS 1. `send` is what the sandbox publishes, `receive` is what it
listens to.

The user name is the pilot's name, or `{pilot}_{key}` for another key than `main`; the password is the key, `zk_...`. A
pilot reads the shared city and its own worlds, commands its own worlds, and has `pilots/{pilot}/` for itself. Times are
RFC 3339 in UTC, or seconds since 1970, and of the world, whose clock need not be the wall's.

Where two filters of one client match a message, the embedded broker sends it twice; Mosquitto sends it once.
"""

NAMES = {
    "world": "The shared live city, `zenata` unless its operator calls it otherwise, or a private world, `w-...`.",
    "district": "A district, as `/v1/districts` lists them.",
    "kind": "A kind of sensors, as `/v1/kinds` lists them.",
    "sensor": "A sensor, as `/v1/sensors` lists them.",
    "pilot": "A pilot's name.",
    "device": "A device, by its id or its external id, as `/v1/devices` lists them.",
    "trial": "A trial of the pilot.",
}
"""What stands in topics, and in paths of HTTP."""

LICENSE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
"""Of both documents."""


def asyncapi(title: str, version: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    title, version : str
        Those of the OpenAPI document.
    addresses : mapping of str to str
        URLs at which the broker answers, by a name for each.
    """
    schemas = Schemas(omit="zenata.wire.uplinks.")
    messages = {payload.name: _message(payload, schemas) for payload in _payloads()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{title} on MQTT",
            "version": version,
            "description": inspect.cleandoc(_DESCRIPTION),
            "license": LICENSE,
        },
        "servers": {name: _server(url) for name, url in addresses.items()},
        "channels": {_name(pattern): _channel(pattern, channel) for pattern, channel in CHANNELS.items()},
        "operations": {
            f"{channel.action}{_name(pattern).capitalize()}": _operation(pattern, channel)
            for pattern, channel in CHANNELS.items()
        },
        "components": {
            "schemas": schemas.components(),
            "messages": messages,
            "parameters": {name: {"description": text} for name, text in NAMES.items()},
            "securitySchemes": {"key": {"type": "userPassword", "description": "The pilot, and one of its keys."}},
        },
    }


def _payloads() -> list[Payload]:
    return [payload for channel in CHANNELS.values() for payload in channel.payloads]


def _name(pattern: Pattern) -> str:
    return pattern.name.lower()


def _server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    mqtt = parts.scheme.startswith("mqtt")
    server = {
        "host": parts.netloc.rpartition("@")[2],
        "protocol": {"mqtts": "secure-mqtt"}.get(parts.scheme, parts.scheme),
        "protocolVersion": "3.1.1" if mqtt else "13",
        "description": "MQTT" if mqtt else "MQTT over WebSocket, with the subprotocol `mqtt`",
        "security": [{"$ref": "#/components/securitySchemes/key"}],
    }
    return server | ({"pathname": parts.path} if parts.path else {})


def _channel(pattern: Pattern, channel: Channel) -> dict[str, Any]:
    return {
        "address": pattern.value,
        "description": channel.summary,
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in re.findall(r"{(\w+)}", pattern)},
        "messages": {payload.name: {"$ref": f"#/components/messages/{payload.name}"} for payload in channel.payloads},
    }


def _operation(pattern: Pattern, channel: Channel) -> dict[str, Any]:
    address = f"#/channels/{_name(pattern)}"
    return {
        "action": channel.action,
        "description": channel.summary,
        "channel": {"$ref": address},
        "messages": [{"$ref": f"{address}/messages/{payload.name}"} for payload in channel.payloads],
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}},
    }


def _message(payload: Payload, schemas: Schemas) -> dict[str, Any]:
    schema = None if payload.type is None else schemas.reference(payload.type)
    message: dict[str, Any] = {
        "name": payload.name,
        "summary": payload.summary,
        "contentType": payload.media,
        "payload": schema or {"description": payload.summary},
    }
    return message | ({"examples": [{"payload": payload.example}]} if payload.example is not None else {})
