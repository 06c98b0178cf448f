#!/bin/sh
# Guess: a second client with the same id ends the connection of the first, as MQTT-3.1.4-2 has it and brokers do.
# Seen: both stay: seconds later the broker answers the ping of the first and of the second.
# Why here: two copies of a service with one id show at once on our broker, where they throw each other out; on this one,
#           handy for tests in Python, they do not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check amqtt==0.12.1
"$folder/venv/bin/python" -W ignore - <<'END'
import asyncio
import socket
from importlib.metadata import version

from amqtt.broker import Broker

CONNECT = bytes.fromhex("10 14 0004 4d515454 04 02 003c 0008") + b"sensor-1"
PINGREQ, PINGRESP = bytes.fromhex("c000"), bytes.fromhex("d000")


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CONNECT)
    assert await reader.readexactly(4) == bytes.fromhex("20020000"), "accepted"
    return reader, writer


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": plugins})
    await broker.start()
    clients = [await connect(port) for _ in range(2)]
    await asyncio.sleep(3)
    answers = []
    for reader, writer in clients:
        writer.write(PINGREQ)
        answers.append(await asyncio.wait_for(reader.read(2), 60))
    print("amqtt", version("amqtt"), "answers the first and second of one id:", [answer.hex() for answer in answers])
    assert answers == [PINGRESP, PINGRESP]
    for _, writer in clients:
        writer.close()
    await broker.shutdown()


asyncio.run(main())
END
