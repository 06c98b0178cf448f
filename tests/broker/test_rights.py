"""Who may publish and read what, judged by what really arrives: a broker may well acknowledge what it drops."""

from itertools import product

import pytest

from tests.broker.client import Client
from tests.broker.running import PILOTS
from zenata.broker.base import SERVICES

RIGHTS = """
topic                                    simulators  ingest  demo  eve
zenata/telemetry/la-ferme/air/air-0001   w           r       r     r
w-1/telemetry/la-ferme/air/air-0001      w           r       r     -
zenata/packs/la-ferme                    w           r       r     r
w-1/packs/la-ferme                       w           r       r     -
zenata/clock                             w           r       r     r
w-1/clock                                w           r       r     -
zenata/events                            w           r       r     r
w-1/events                               w           r       r     -
zenata/responses/streetlight/lamp-0001   w           -       r     r
w-1/responses/streetlight/lamp-0001      w           -       r     -
zenata/commands/streetlight/lamp-0001    r           -       -     -
w-1/commands/streetlight/lamp-0001       r           -       w     -
w-2/telemetry/la-ferme/air/air-0001      w           r       -     -
w-2/clock                                w           r       -     -
w-2/commands/streetlight/lamp-0001       r           -       -     -
pilots/demo/telemetry/dev-1              -           r       rw    -
pilots/demo/answers/trial-1              -           r       rw    -
pilots/eve/telemetry/dev-1               -           r       -     rw
pilots/eve/answers/trial-1               -           r       -     rw
truth/zenata                             w           r       -     -
truth/w-1                                w           r       -     -
zenata/other                             -           -       -     -
elsewhere                                -           -       -     -
"""
_HEADER, *_LINES = (line.split() for line in RIGHTS.strip().splitlines())
USERS = _HEADER[1:]
TOPICS = [line[0] for line in _LINES]
LETTERS = {(user, topic): letters for topic, *row in _LINES for user, letters in zip(USERS, row, strict=True)}

# What a pilot may try in order to read beyond its rights; `*` and `>` are wildcards of NATS, and `.` its separator.
PRYING_FILTERS = """
# +/# +/+ +/+/# +/+/+ +/+/+/+ +/+/+/+/+ /# /+ +/telemetry/# +/clock +/events w-1/# w-1/commands/# w-2/# w-2/telemetry/# zenata/#
zenata/+ zenata/commands/# +/commands/# truth/# truth/+ +/zenata pilots/# pilots/+ pilots/+/# pilots/+/telemetry/+
pilots/eve/# pilots/eve/+/+ pilots/eve/telemetry/dev-1 truth/zenata
> * *.> */> */* */*/> *.telemetry.> truth/> truth/* truth.> */zenata pilots/> pilots/* pilots/*/> pilots/*/telemetry/*
pilots/eve/> pilots.eve.> pilots.> pilots//eve/# zenata/> zenata/*
$MQTT/# $MQTT/sub/# $MQTT/msgs/# $MQTT/rmsgs/# $JS/# $SYS/# $share/g/truth/# $share/g/#
""".split()
FOREIGN_TOPICS = """
> * truth/> truth/* */zenata pilots/> pilots/* pilots/eve/> pilots/eve/* pilots/*/telemetry/dev-1 pilots/>/x
pilots.eve.telemetry.dev-1 truth.zenata zenata.telemetry.la-ferme.air.air-0001 zenata/telemetry/> zenata/> /truth/zenata
""".split()


def may(user: str, topic: str, letter: str) -> bool:
    return letter in LETTERS[user, topic]


def test_the_table_has_every_user():
    assert set(USERS) == {*SERVICES, *PILOTS}


def test_publishing(broker):
    with Client(broker, "tester") as observer:
        observer.subscribe("#")
        for user, topic, qos in product(USERS, TOPICS, (0, 1)):
            with Client(broker, user) as client:  # a new one each, as Mosquitto closes the connection on a refusal
                client.publish(topic, [f"{user} to {topic} at {qos}"], qos=qos)
        observer.publish("end", ["end"])
        observer.wait_for("end")

    allowed = {(user, topic, qos) for user, topic, qos in product(USERS, TOPICS, (0, 1)) if may(user, topic, "w")}
    arrived = {message.payload.decode() for message in observer.messages}
    assert arrived == {"end"} | {f"{user} to {topic} at {qos}" for user, topic, qos in allowed}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("qos", [0, 1])
def test_subscribing(broker, user, qos):
    readable = {topic for topic in TOPICS if may(user, topic, "r")}
    with Client(broker, user) as client, Client(broker, "tester") as tester:
        for topic in TOPICS:
            client.subscribe(topic, qos)
        publish_everywhere(tester, client, readable)
    assert client.topics == readable


@pytest.mark.parametrize("qos", [0, 1])
def test_a_pilot_who_pries_reads_no_more(broker, qos):
    readable = {topic for topic in TOPICS if may("demo", topic, "r")}
    with Client(broker, "demo") as client, Client(broker, "tester") as tester:
        for topic_filter in PRYING_FILTERS:
            client.subscribe(topic_filter, qos)
        for topic in readable:
            client.subscribe(topic, qos)
        publish_everywhere(tester, client, readable)
        assert client.connected
    assert client.topics == readable


def test_a_pilot_gets_nothing_into_a_foreign_topic(broker):
    with Client(broker, "tester") as observer, Client(broker, "eve") as eve:
        observer.subscribe("#")
        eve.subscribe("pilots/eve/#")
        for topic in FOREIGN_TOPICS:
            with Client(broker, "demo") as client:
                client.publish(topic, ["foreign"])
        observer.publish("pilots/eve/end", ["end"])
        observer.wait_for("end")
        eve.wait_for("end")
    assert observer.topics | eve.topics == {"pilots/eve/end"}


@pytest.mark.parametrize("name", [">", "*", "a.b", "*/>", "$x"])
def test_wildcards_of_nats_are_plain_characters_in_an_own_topic(broker, name):
    topic = f"pilots/demo/{name}"
    with Client(broker, "demo") as demo, Client(broker, "eve") as eve:
        demo.subscribe(topic)
        eve.subscribe(topic)
        demo.publish(topic, ["own"])
        demo.wait_for("own")
    assert demo.topics == {topic}
    assert not eve.messages


def publish_everywhere(tester: Client, reader: Client, readable: set[str]) -> None:
    """Publish to every topic, then wait until the readable ones came twice: by then the others would have come."""
    for turn in ("first", "last"):
        for topic in TOPICS:
            tester.publish(topic, [f"{turn} {topic}"])
        reader.wait_for(*(f"{turn} {topic}" for topic in readable))
