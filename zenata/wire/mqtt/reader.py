"""Reader of MQTT packets: takes messages from the network by the thousand, and leaves all other packets to paho.

paho reads a message in four calls of the socket and some hundred lines; here 64 kB are read at once and cut into packets.
Everything rare stays paho's: connecting, subscribing, keeping alive, and what it does about errors.

References
----------
MQTT 3.1.1, sections 2.2 (fixed header), 3.3 (PUBLISH) and 3.4 (PUBACK); MQTT 5, section 2.2.2 (properties).
"""

import struct
from collections.abc import Callable, Collection
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

_CHUNK = 1 << 16  # read at once [bytes]
_PUBLISH, _PUBACK = 0x30, 0x40
_QOS, _AT_LEAST_ONCE = 0x06, 0x02
_ACKNOWLEDGING = 0x4002_0000  # a PUBACK, but for its packet identifier
_IDENTIFIED = 4  # lengths of the topic and of the packet identifier [bytes]
_SHORTEST = 2  # message without its header: the length of its topic [bytes]
_MAX_LENGTH = 4  # of a variable byte integer [bytes]

Take = Callable[[int, bytes, int, bytes], None]
"""Takes of a message its first byte (flags), topic, packet identifier (0 at QoS 0) and payload."""


class Reader(paho.Client):
    """A client that hands messages of QoS 0 and 1 to `take`, and whose owner acknowledges them; see `paho.Client`.

    Call `read` where `loop_read` would be called.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever paho takes
        super().__init__(*args, **options)
        self.take: Take = lambda *_: None
        self._lost = False
        self._has_properties = self._protocol == MQTTProtocolVersion.MQTTv5
        self.forget()

    def forget(self) -> None:
        """Drop what has come of a packet so far: its connection is over."""
        self._passed = b""  # of a packet that is paho's
        self._parts: list[bytes] = []
        self._missing = 0

    def read(self) -> bool:
        """Read once, and do what has come; return whether anything has."""
        try:
            data = super()._sock_recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self._cut(data)
            return True
        self._lost = True
        try:
            self.loop_read()
        finally:
            self._lost = False
        return False

    def acknowledge(self, packet_ids: Collection[int]) -> None:
        """Acknowledge messages of QoS 1, in this order."""
        if packet_ids:
            packets = struct.pack(f">{len(packet_ids)}I", *[_ACKNOWLEDGING | number for number in packet_ids])
            self._packet_queue(_PUBACK, packets, 0, 1)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Return of the packet that is paho's; without any, nothing has come, or the connection is lost."""
        if not self._passed and not self._lost:
            raise BlockingIOError
        part, self._passed = self._passed[:bufsize], self._passed[bufsize:]
        return part

    def _cut(self, data: bytes) -> None:
        """Cut what has come into packets, and keep the rest."""
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
            self._parts.clear()
        position, length, missing = 0, len(data), 0
        while not missing and position < length:
            if not self._has_properties and (usual := self._usual(data, position)) > position:
                position = usual
                continue
            remaining, start = _integer(data, position + 1)
            end = start + remaining
            if not start and length - position > _MAX_LENGTH:
                end = length  # paho knows what to do about a length that is none
            elif not start or end > length:
                missing = max(end - length, 1)
                break
            first = data[position]
            if first & 0xF0 != _PUBLISH or not self._publish(data, first, start, end):
                self._passed = data[position:end]
                self.loop_read()
                if self._sock is None:
                    self.forget()
                    return
            position = end
        if missing:
            self._parts, self._missing = [data[position:]], missing

    def _usual(self, data: bytes, position: int) -> int:
        """Take the messages of QoS 1 that lie there in a row, each whole and with a length of one byte or two, and return where they end.

        Nearly all packets are such; in one loop they cost half as much.
        """
        take, length = self.take, len(data)
        while position + 2 < length and data[position] & (0xF0 | _QOS) == _PUBLISH | _AT_LEAST_ONCE:
            remaining, start = data[position + 1], position + 2
            if remaining & 0x80:
                if data[start] & 0x80:
                    break
                remaining, start = remaining & 0x7F | data[start] << 7, start + 1
            end = start + remaining
            if remaining < _IDENTIFIED or end > length:
                break
            stop = start + 2 + (data[start] << 8 | data[start + 1])
            if stop + 2 > end:
                break
            take(data[position], data[start + 2 : stop], data[stop] << 8 | data[stop + 1], data[stop + 2 : end])
            position = end
        return position

    def _publish(self, data: bytes, first: int, start: int, end: int) -> bool:
        """Take the message whose packet has this first byte and, without its header, lies there; return whether it is one."""
        qos = first & _QOS
        if qos > _AT_LEAST_ONCE or end - start < _SHORTEST:
            return False
        payload = stop = start + 2 + (data[start] << 8 | data[start + 1])
        packet_id = 0
        if qos:
            packet_id, payload = int.from_bytes(data[stop : stop + 2], "big"), stop + 2
        if self._has_properties:
            size, payload = _integer(data, payload)
            payload += size
        if payload > end:
            return False
        self.take(first, data[start + 2 : stop], packet_id, data[payload:end])
        return True


def _integer(data: bytes, position: int) -> tuple[int, int]:
    """Return a variable byte integer and where it ends, which is 0 if it goes on beyond the data or is none."""
    value = shift = 0
    for byte in data[position : position + _MAX_LENGTH]:
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    return 0, 0
