"""Lines as NATS 2.15 wrote them, and what is read of them."""

import pytest

from zenata.broker.log import LogTail, Refusal, Stuck, WriteError, parse

START = "[8399] 2026/11/29 14:58:15.528196 [ERR] "


@pytest.mark.parametrize(
    ("line", "client", "hint"),
    [
        ('127.0.0.1:46145 - mid:6 - "pi.local" - invalid character in client ID "pi.local"', "pi.local", "client id"),
        ('[::1]:46145 - mid:7 - "my pi" - invalid character in client ID "my pi"', "my pi", "client id"),
        ('10.0.0.9:1 - mid:29 - "ok1" - character not supported for MQTT topics', "ok1", "space"),
        ('1.2.3.4:1 - mid:52 - "" - unacceptable protocol version of 5', "", "MQTT 3.1.1"),
        ('1.2.3.4:1 - mid:54 - "big" - maximum payload exceeded: 1100025 vs 1052672', "big", "1 MiB"),
    ],
)
def test_c3_c4_a_refused_client_is_read_from_the_log(line: str, client: str, hint: str) -> None:
    found = parse(START + line)
    assert isinstance(found, Refusal)
    assert (found.client, hint in found.reason) == (client, True)
    assert "[" not in found.address


def test_a_write_error_is_read_from_the_log() -> None:
    line = "JetStream stream '$G > $MQTT_msgs' critical write error: write /x/1.blk: no space left on device"
    assert isinstance(parse(START + line), WriteError)


@pytest.mark.parametrize(
    "line",
    [
        (
            '127.0.0.1:33533 - mid:48 - "ingest-9d" - unable to connect: loading session record: timeout after 5.01s: '
            'request type "ML" on "$JS.API.STREAM.MSG.GET.$MQTT_sess" (reply="$MQTT.JSA.g3QHU3kv.ML.iV1") for account "$G"'
        ),
        (
            '127.0.0.1:51097 - mid:39 - "simulators-95" - unable to store retained message for account "$G", subject '
            '"zenata.clock": timeout after 5.05s: request type "MS" on "$MQTT.rmsgs.zenata.clock" (reply="$MQTT.JSA.g3.MS.iV")'
        ),
    ],
)
def test_storage_that_does_not_answer_is_read_from_the_log(line: str) -> None:
    assert isinstance(parse(START + line), Stuck)


@pytest.mark.parametrize("line", ["", "[INF] Server is ready", '[ERR] 1.2.3.4:1 - mid:5 - "a" - authentication error'])
def test_other_lines_say_nothing(line: str) -> None:
    assert parse(line) is None


def test_lines_are_read_once_and_a_replaced_file_from_its_beginning(tmp_path) -> None:
    file = tmp_path / "broker.log"
    file.write_text("of the run before\n")
    tail = LogTail(file)
    assert list(tail.lines()) == []
    file.unlink()
    file.write_text("one\ntw")
    assert list(tail.lines()) == ["one"]
    with file.open("a") as stream:
        stream.write("o\n")
    assert list(tail.lines()) == ["two"]
    file.rename(tmp_path / "broker.log.1")
    file.write_text("three\n")
    assert list(tail.lines()) == ["three"]
