import json
import socket

import bcrypt
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from tests.zenata.broker.running import HOST, password, running_broker, standard_users
from zenata.broker.base import Rights, User, pilot_user
from zenata.broker.mosquitto import Mosquitto
from zenata.broker.nats import Nats, subjects
from zenata.errors import SetupError

WORDS = st.sampled_from(["a", "b", "zenata"])
TOPICS = st.lists(WORDS, min_size=1, max_size=5).map("/".join)
FILTERS = st.builds(
    lambda levels, tail: "/".join([*levels, *tail]),
    st.lists(WORDS | st.just("+"), min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
) | st.just("#")


def subject_matches(pattern: str, subject: str) -> bool:
    """Match as the documentation of NATS says: `*` is one token, `>` one or more."""
    tokens, rest = pattern.split("."), subject.split(".")
    if tokens[-1] == ">":
        tokens.pop()
        if len(rest) <= len(tokens):
            return False
        rest = rest[: len(tokens)]
    return len(tokens) == len(rest) and all(token in {"*", other} for token, other in zip(tokens, rest, strict=True))


@given(FILTERS, TOPICS)
def test_subjects_match_what_the_filter_matches(topic_filter, topic):
    subject = topic.replace("/", ".")
    assert any(subject_matches(pattern, subject) for pattern in subjects(topic_filter)) == topic_matches_sub(
        topic_filter, topic
    )


def test_the_hash_is_one_of_the_password():
    assert bcrypt.checkpw(b"secret", Nats().hash_password("secret").encode())


@pytest.mark.parametrize("hash_", ["", "plain", Mosquitto().hash_password("secret")], ids=["empty", "plain", "pbkdf2"])
def test_what_is_no_bcrypt_hash_is_refused_and_not_shown(hash_, tmp_path):
    with pytest.raises(SetupError, match=r"needs a bcrypt hash for the user 'demo'$"):
        Nats().prepare(folder=tmp_path, host=HOST, mqtt_port=1, ws_port=2, users=[pilot_user("demo", hash_)])


def test_no_rights_are_no_rights(tmp_path):
    user = User(name="nobody", password_hash=Nats().hash_password("secret"), rights=Rights())
    Nats().prepare(folder=tmp_path, host=HOST, mqtt_port=1, ws_port=2, users=[user])
    line = next(line for line in (tmp_path / "users.conf").read_text().splitlines() if "nobody" in line)
    assert json.loads(line)["permissions"] == {"publish": {"deny": [">"]}, "subscribe": {"deny": [">"]}}


def test_nobody_gets_in_by_the_protocol_of_nats(tmp_path):
    with running_broker("nats", tmp_path, standard_users("nats")) as broker:
        sockets = psutil.Process(broker.process.pid).net_connections("tcp")
        listening = {entry.laddr.port: entry.laddr.ip for entry in sockets if entry.status == psutil.CONN_LISTEN}
        (port,) = listening.keys() - {broker.mqtt_port, broker.ws_port}
        assert listening[port] == "127.0.0.1"
        for credentials in ({}, {"user": "simulators", "pass": password("simulators")}):
            with socket.create_connection((HOST, port), 10) as connection, connection.makefile("rb") as answers:
                assert answers.readline().startswith(b"INFO")
                connection.sendall(b"CONNECT %s\r\nPING\r\n" % json.dumps(credentials | {"verbose": False}).encode())
                assert answers.readline() == b"-ERR 'Authorization Violation'\r\n"
