"""The reader against paho, which reads the same bytes in the same pieces, and against the specification where paho is lax."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from zenata.wire.mqtt.reader import Reader

Taken = tuple[str, int, int, bool, bool, bytes]
VERSIONS = pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
PINGRESP, SUBACK = b"\xd0\x00", b"\x90\x03\x00\x07\x01"


class Wire:
    """A socket on which these pieces come, and then nothing more."""

    def __init__(self, pieces: Iterable[bytes], *, closed: bool = False) -> None:
        self.pieces, self.closed, self.sent = [piece for piece in pieces if piece], closed, b""

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            if self.closed:
                return b""
            raise BlockingIOError
        data, rest = self.pieces[0][:size], self.pieces[0][size:]
        self.pieces[:1] = [rest] if rest else []
        return data

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def close(self) -> None:
        pass


def connected(kind: type[Any], wire: Wire, version: MQTTProtocolVersion) -> Any:
    client = kind(CallbackAPIVersion.VERSION2, protocol=version, manual_ack=True)
    client._sock = wire
    return client


def integer(value: int) -> bytes:
    encoded = b""
    while True:
        value, low = value >> 7, value & 0x7F
        encoded += bytes([low | 0x80 if value else low])
        if not value:
            return encoded


def publish(
    topic: str, payload: bytes, *, qos=1, mid=1, dup=False, retain=False, properties: bytes | None = None
) -> bytes:
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + (mid.to_bytes(2, "big") if qos else b"")
    if properties is not None:
        body += integer(len(properties)) + properties
    body += payload
    return bytes([0x30 | dup << 3 | qos << 1 | retain]) + integer(len(body)) + body


def cut(data: bytes, offsets: Sequence[int]) -> list[bytes]:
    marks = [0, *sorted(offset % (len(data) + 1) for offset in offsets), len(data)]
    return [data[first:last] for first, last in pairwise(marks)]


def read_by_paho(pieces: list[bytes], version: MQTTProtocolVersion) -> list[Taken]:
    taken: list[Taken] = []
    wire = Wire(pieces)
    client = connected(paho.Client, wire, version)
    client.on_message = lambda _client, _data, message: taken.append(
        (message.topic, message.mid, message.qos, message.dup, message.retain, message.payload)
    )
    while wire.pieces:
        client.loop_read()
    client._sock = None
    return taken


def read(pieces: list[bytes], version: MQTTProtocolVersion) -> list[Taken]:
    taken: list[Taken] = []
    wire = Wire(pieces)
    client = connected(Reader, wire, version)
    client.take = lambda flags, topic, mid, payload: taken.append(
        (topic.decode(), mid, flags >> 1 & 3, bool(flags & 8), bool(flags & 1), payload)
    )
    while client.read():
        pass
    assert not wire.pieces
    client._sock = None
    return taken


@st.composite
def packets(draw: st.DrawFn, version: MQTTProtocolVersion) -> bytes:
    kind = draw(st.sampled_from(["message"] * 6 + ["pong", "subscribed"]))
    if kind != "message":
        suback = SUBACK if version == MQTTProtocolVersion.MQTTv311 else b"\x90\x04\x00\x07\x00\x01"
        return PINGRESP if kind == "pong" else suback
    properties = None
    if version == MQTTProtocolVersion.MQTTv5:
        properties = draw(st.sampled_from([b"", b"\x02\x00\x00\x00\x3c", b"\x26\x00\x01a" + b"\x00\xc8" + b"b" * 200]))
    qos = draw(st.sampled_from([0, 1, 1]))
    return publish(
        draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#\0"), min_size=1, max_size=40)),
        draw(st.binary(max_size=40) | st.sampled_from([b"x" * 127, b"y" * 16_384, b"z" * 70_000])),
        qos=qos,
        mid=draw(st.integers(1, 65_535)),
        dup=bool(qos) and draw(st.booleans()),
        retain=draw(st.booleans()),
        properties=properties,
    )


@VERSIONS
@given(data=st.data())
def test_whatever_comes_in_whatever_pieces_is_read_as_paho_reads_it(version, data):
    stream = b"".join(data.draw(st.lists(packets(version), max_size=8)))
    pieces = cut(stream, data.draw(st.lists(st.integers(0, 2**20), max_size=6)))
    assert read(pieces, version) == read_by_paho(pieces, version)


@VERSIONS
def test_byte_by_byte(version):
    properties = b"" if version == MQTTProtocolVersion.MQTTv5 else None
    stream = (
        b"".join(publish("a/b", b"1" * size, mid=size + 1, properties=properties) for size in (0, 1, 200)) + PINGRESP
    )
    assert [one[1] for one in read([bytes([byte]) for byte in stream], version)] == [1, 2, 201]


def test_acknowledgements_go_out_in_one_packet_each_and_in_order():
    wire = Wire([])
    client = connected(Reader, wire, MQTTProtocolVersion.MQTTv311)
    client.acknowledge([1, 2, 65_535])
    client.acknowledge([])
    client.loop_write()
    assert wire.sent == bytes.fromhex("40020001 40020002 4002ffff")
    client._sock = None


def read_all(client: Reader) -> tuple[list, list]:
    """Read to the end; return the messages, and what was reported of lost connections."""
    taken, lost = [], []
    client.take = lambda *message: taken.append(message)
    client.on_disconnect = lambda *arguments: lost.append(arguments)
    while client.read():
        pass
    return taken, lost


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"\x30\xff\xff\xff\xff\x01" + b"x" * 20, id="a length of five bytes"),
        pytest.param(b"\x00\x00", id="a packet of no type"),
    ],
)
def test_what_is_no_packet_ends_the_connection(stream):
    client = connected(Reader, Wire([publish("a", b"1"), stream]), MQTTProtocolVersion.MQTTv311)
    taken, lost = read_all(client)
    assert len(taken) == len(lost) == 1
    assert client.socket() is None


def test_a_closed_connection_is_noticed_and_the_next_begins_anew():
    client = connected(Reader, Wire([publish("a", b"1")[:-1]], closed=True), MQTTProtocolVersion.MQTTv311)
    taken, lost = read_all(client)
    assert (taken, len(lost), client.socket()) == ([], 1, None)
    client.forget()
    client._sock = Wire([publish("b", b"2", mid=7)])
    assert client.read()
    assert taken == [(0x32, b"b", 7, b"2")]
    client._sock = None
