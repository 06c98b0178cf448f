"""Who may publish and read what, judged by what really arrives: a broker may well acknowledge what it drops.

One table for every broker. The roles are guest, pilot (demo, who owns the world w-1, its second key, and eve, who was given lamp-0002), engineer
and administrator; who has no name or a wrong password has no rights, as it is not let in at all (test_delivery.py).
"""

import json
from itertools import product

import pytest

from tests.zenata.broker.client import Client
from tests.zenata.broker.running import USERS as PEOPLE
from zenata.broker.base import SERVICES
from zenata.broker.dynsec import TOPIC

RIGHTS = """
topic                                    simulators  ingest  guest  demo  demo_phone  eve  engineer  admin
zenata/telemetry/la-ferme/air/air-0001   w           r       r      r     r           r    r         r
w-1/telemetry/la-ferme/air/air-0001      w           r       -      r     r           -    r         r
zenata/packs/la-ferme                    w           r       r      r     r           r    r         r
w-1/packs/la-ferme                       w           r       -      r     r           -    r         r
zenata/clock                             w           r       r      r     r           r    r         r
w-1/clock                                w           r       -      r     r           -    r         r
zenata/events                            w           r       r      r     r           r    r         r
w-1/events                               w           r       -      r     r           -    r         r
zenata/responses/streetlight/lamp-0001   w           -       -      -     -           -    r         r
zenata/responses/streetlight/lamp-0002   w           -       -      -     -           r    r         r
w-1/responses/streetlight/lamp-0001      w           -       -      r     r           -    r         r
zenata/commands/streetlight/lamp-0001    r           r       -      -     -           -    r         rw
zenata/commands/streetlight/lamp-0002    r           r       -      -     -           w    r         rw
w-1/commands/streetlight/lamp-0001       r           r       -      w     w           -    r         rw
w-2/telemetry/la-ferme/air/air-0001      w           r       -      -     -           -    r         r
w-2/clock                                w           r       -      -     -           -    r         r
w-2/commands/streetlight/lamp-0001       r           r       -      -     -           -    r         rw
pilots/demo/telemetry/dev-1              -           r       -      rw    rw          -    r         r
pilots/demo/answers/trial-1              -           r       -      rw    rw          -    r         r
pilots/demo_phone/telemetry/dev-1        -           r       -      -     -           -    r         r
pilots/eve/telemetry/dev-1               -           r       -      -     -           rw   r         r
pilots/guest/telemetry/dev-1             -           r       -      -     -           -    r         r
truth/zenata                             w           r       -      -     -           -    r         r
truth/w-1                                w           r       -      -     -           -    r         r
zenata/other                             -           -       -      -     -           -    -         -
elsewhere                                -           -       -      -     -           -    -         -
"""

# What is granted of filters, which may be wider than a topic: "g".
GRANTS = """
filter                           simulators  ingest  guest  demo  demo_phone  eve  engineer  admin
zenata/telemetry/#               -           g       g      g     g           g    g         g
zenata/telemetry/+/air/+         -           g       g      g     g           g    g         g
w-1/telemetry/#                  -           g       -      g     g           -    g         g
w-1/+                            -           -       -      -     -           -    -         -
w-2/telemetry/#                  -           g       -      -     -           -    g         g
+/telemetry/#                    -           g       -      -     -           -    g         g
+/clock                          -           g       -      -     -           -    g         g
+/events                         -           g       -      -     -           -    g         g
zenata/responses/#               -           -       -      -     -           -    g         g
zenata/responses/+/lamp-0002     -           -       -      -     -           g    g         g
w-1/responses/#                  -           -       -      g     g           -    g         g
+/responses/#                    -           -       -      -     -           -    g         g
w-1/commands/#                   g           g       -      -     -           -    g         g
+/commands/#                     g           g       -      -     -           -    g         g
zenata/#                         -           -       -      -     -           -    -         -
pilots/demo/#                    -           g       -      g     g           -    g         g
pilots/demo/+/dev-1              -           g       -      g     g           -    g         g
pilots/eve/#                     -           g       -      -     -           g    g         g
pilots/+/telemetry/+             -           g       -      -     -           -    g         g
pilots/#                         -           g       -      -     -           -    g         g
truth/#                          -           g       -      -     -           -    g         g
truth/zenata                     -           g       -      -     -           -    g         g
#                                -           -       -      -     -           -    -         -
+/#                              -           -       -      -     -           -    -         -
+/+/+/+/+                        -           -       -      -     -           -    -         -
$SYS/#                           -           -       -      -     -           -    -         -
$SYS/broker/uptime               -           -       -      -     -           -    -         -
$JS/#                            -           -       -      -     -           -    -         -
$JS/API/#                        -           -       -      -     -           -    -         -
$MQTT/#                          -           -       -      -     -           -    -         -
$MQTT/msgs/#                     -           -       -      -     -           -    -         -
_INBOX/#                         -           -       -      -     -           -    -         -
$CONTROL/#                       -           -       -      -     -           -    -         -
$CONTROL/dynamic-security/v1     -           -       -      -     -           -    -         -
$share/g/#                       -           -       -      -     -           -    -         -
$share/g/truth/#                 -           -       -      -     -           -    -         -
$share/g/zenata/telemetry/#      -           -       -      -     -           -    -         -
$share/ingest/+/telemetry/#      -           g       -      -     -           -    -         -
$share/ingest/zenata/clock       -           -       -      -     -           -    -         -
"""


def read_table(text: str) -> tuple[list[str], list[str], dict[tuple[str, str], str]]:
    """Return the users, the rows, and the letters of a user in a row."""
    header, *lines = (line.split() for line in text.strip().splitlines())
    letters = {(user, row): cell for row, *cells in lines for user, cell in zip(header[1:], cells, strict=True)}
    return header[1:], [line[0] for line in lines], letters


USERS, TOPICS, LETTERS = read_table(RIGHTS)
GRANTED_USERS, FILTERS, GRANTED = read_table(GRANTS)

# What a pilot may try in order to read beyond its rights; `*` and `>` are wildcards of NATS, and `.` its separator.
PRYING_FILTERS = """
# +/# +/+ +/+/# +/+/+ +/+/+/+ +/+/+/+/+ /# /+ +/telemetry/# +/clock +/events w-1/# w-1/commands/# w-2/# w-2/telemetry/# zenata/#
zenata/+ zenata/commands/# +/commands/# truth/# truth/+ +/zenata pilots/# pilots/+ pilots/+/# pilots/+/telemetry/+
pilots/eve/# pilots/eve/+/+ pilots/eve/telemetry/dev-1 truth/zenata
> * *.> */> */* */*/> *.telemetry.> truth/> truth/* truth.> */zenata pilots/> pilots/* pilots/*/> pilots/*/telemetry/*
pilots/eve/> pilots.eve.> pilots.> pilots//eve/# zenata/> zenata/*
_INBOX/# _INBOX/> _INBOX/+ _INBOX.> $MQTT/# $MQTT/sub/# $MQTT/msgs/# $MQTT/rmsgs/# $JS/# $SYS/# $share/g/truth/# $share/g/#
""".split()
FOREIGN_TOPICS = """
> * truth/> truth/* */zenata pilots/> pilots/* pilots/eve/> pilots/eve/* pilots/*/telemetry/dev-1 pilots/>/x
_INBOX/x $SYS/broker/x $JS/API/STREAM/NAMES $MQTT/msgs/truth/zenata $MQTT/sub/x pilots.eve.telemetry.dev-1 truth.zenata zenata.telemetry.la-ferme.air.air-0001 zenata/telemetry/> zenata/> /truth/zenata
""".split()


def may(user: str, topic: str, letter: str) -> bool:
    return letter in LETTERS[user, topic]


def test_the_tables_have_every_user():
    assert set(USERS) == set(GRANTED_USERS) == {*SERVICES, *PEOPLE}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_what_is_granted(broker, user, transport):
    with Client(broker, user, transport=transport) as client:
        granted = {filter_ for filter_ in FILTERS if client.subscribe(filter_, qos=0)}
    assert granted == {filter_ for filter_ in FILTERS if GRANTED[user, filter_] == "g"}


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


@pytest.mark.parametrize("user", ["demo", "eve", "guest"])
def test_a_will_says_no_more_than_whoever_left_it_may(broker, user):
    """A broker publishes the will of a client that vanishes: in its name, and so with its rights."""
    allowed = [topic for topic in TOPICS if may(user, topic, "w")]
    foreign = [topic for topic in FOREIGN_TOPICS if not topic.startswith(f"pilots/{user}/")]
    forbidden = [*foreign, *(topic for topic in TOPICS if topic not in allowed)]
    with Client(broker, "tester") as observer:
        observer.subscribe("#")
        for topic in (*forbidden, *allowed):
            with Client(broker, user, will=(topic, topic)) as client:
                if client.connected:  # some brokers let nobody in with a will that may not be
                    client.vanish()
        with Client(broker, "admin", will=("w-1/commands/streetlight/lamp-0001", "last")) as client:
            client.vanish()
        observer.wait_for(*allowed, "last")
    assert {message.payload.decode() for message in observer.messages} == {*allowed, "last"}


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("demo", "pilots/demo/telemetry/dev-1"),
        ("demo", "w-1/clock"),
        ("ingest", "pilots/demo/telemetry/dev-1"),
        ("ingest", "w-4/telemetry/a/b/c"),
        ("ingest", "truth/zenata"),
    ],
)
def test_whoever_takes_the_client_id_of_another_receives_nothing_of_it(broker, user, topic):
    """Client ids are of all users together (MQTT 3.1.1 section 3.1.3.1), and so are sessions; rights are not."""
    with Client(broker, user, session="guessed") as owner, Client(broker, "tester") as tester:
        owner.subscribe(topic)
        owner.vanish()
        tester.publish(topic, ["while away"])
        with Client(broker, "eve", session="guessed") as eve:
            tester.publish(topic, ["while taken"])
            eve.subscribe("pilots/eve/end")
            tester.publish("pilots/eve/end", ["end"])
            eve.wait_for("end")
    assert eve.topics == {"pilots/eve/end"}


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


@pytest.mark.parametrize("user", USERS)
def test_nobody_who_lives_in_the_city_manages_users(broker, user):
    commands = [
        {"command": "createClient", "username": f"friend-of-{user}", "password": "friend"},
        {"command": "setClientPassword", "username": "admin", "password": "stolen"},
    ]
    with Client(broker, user) as client:
        client.publish(TOPIC, [json.dumps({"commands": commands})])
    for name, secret in ((f"friend-of-{user}", "friend"), ("admin", "stolen")):
        with Client(broker, name, secret=secret) as friend:
            assert not friend.connected
    with Client(broker, "admin") as admin:
        assert admin.connected


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
