import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import api.live.routes
import api.live.socket
import api.readings.routes
from api.live.hub import Hub
from tests.api.documents import conforming
from tests.api.live.streams import CITY, SERIES, serving
from tests.api.running import Api, batch_of, series_of
from tests.waiting import wait_until
from zenata.contract.readings import Reading
from zenata.contract.service import ProblemDetails
from zenata.control.pilot import Quotas as PilotQuotas


class Client:
    """A WebSocket that speaks JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> dict:
        return json.loads(self.socket.recv(timeout=60))

    def ask(self, **message: Any) -> dict:
        self.say(**message)
        return self.hear()

    def closed(self) -> int:
        """Read to the end, and return the code that the server closes with."""
        try:
            while True:
                self.socket.recv(timeout=60)
        except ConnectionClosed as end:
            return end.rcvd.code


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The same for all tests of the module that leave it as it was."""
    with serving(tmp_path_factory.mktemp("shared")) as start:
        yield start()


@pytest.fixture
def served(request: pytest.FixtureRequest, shared: Api) -> Api:
    """The shared API, or one of its own for a test that uses `start`."""
    return request.getfixturevalue("start")() if "start" in request.fixturenames else shared


@pytest.fixture
def opened(served: Api) -> Iterator[Callable[..., Client]]:
    """Opens WebSockets."""
    with ExitStack() as stack:

        def open_socket(role: str | None = "pilot", query: str = "", **options: Any) -> Client:
            if role:
                options["additional_headers"] = {"Authorization": f"Bearer {served.secrets[role]}"}
            url = served.url.replace("http", "ws") + "/v1/ws" + query
            return Client(stack.enter_context(connect(url, proxy=None, **options)))

        yield open_socket


@pytest.fixture
def client(opened: Callable[..., Client]) -> Client:
    client = opened()
    assert client.hear() == {"ready": "test-pilot"}
    return client


def test_a_subscription_gets_what_it_requested_and_no_more(served: Api, client: Client) -> None:
    assert client.ask(subscribe="a", kind="noise") == {"subscribed": "a"}
    assert client.ask(subscribe="b", world="w-1", sensor=["air-0001"], property=["no2", "pm25"]) == {"subscribed": "b"}
    served.hub.publish(batch_of(SERIES + series_of(CITY, "w-1") + series_of(CITY, "w-2"), range(2)))
    first, second = client.hear(), client.hear()
    assert (first["id"], second["id"]) == ("a", "b")
    rows = [conforming(row, Reading) for row in first["readings"]]
    assert [(row.world, row.sensor, row.seq) for row in rows] == [
        ("zenata", "noise-0001", 1),
        ("zenata", "noise-0001", 2),
    ]
    assert {(row["world"], row["sensor"]) for row in second["readings"]} == {("w-1", "air-0001")}
    assert sorted(row["property"] for row in second["readings"]) == ["no2", "no2", "pm25", "pm25"]


def test_an_unsubscribed_one_gets_nothing_more(served: Api, client: Client) -> None:
    client.ask(subscribe="a", kind="noise")
    client.ask(subscribe="b", kind="traffic", property="speed")
    assert client.ask(unsubscribe="a") == {"unsubscribed": "a"}
    served.hub.publish(batch_of(SERIES, range(1)))
    assert client.hear()["id"] == "b"
    problem = client.ask(unsubscribe="a")["problem"]
    assert (problem["id"], problem["parameter"]) == ("a", "unsubscribe")


@pytest.mark.parametrize(
    ("message", "name", "parameter"),
    [
        ({"subscribe": "a", "world": "w-2"}, "unknown-world", None),
        ({"subscribe": "a", "world": "w-3"}, "unknown-world", None),
        ({"subscribe": "a", "sensor": "air-9999"}, "unknown-sensor", None),
        ({"subscribe": "a", "kind": "airs"}, "invalid-parameter", "kind"),
        ({"subscribe": "a", "kind": {}}, "invalid-parameter", "kind"),
        ({"subscribe": "a", "kind": []}, None, None),
        ({"subscribe": "a", "kind": [""]}, "invalid-parameter", "kind"),
        ({"subscribe": "a", "district": "nowhere"}, "invalid-parameter", "district"),
        ({"subscribe": "a", "sensors": "air-0001"}, "invalid-parameter", "sensors"),
        ({"subscribe": ""}, "invalid-parameter", "subscribe"),
        ({"subscribe": "x" * 65}, "invalid-parameter", "subscribe"),
        ({"subscribe": 1}, "invalid-parameter", "message"),
        ({"unsubscribe": "a", "kind": "air"}, "invalid-parameter", "message"),
        ({"publish": "a"}, "invalid-parameter", "message"),
        ({}, "invalid-parameter", "message"),
    ],
)
def test_what_cannot_be_is_a_problem_and_no_end(
    client: Client, message: dict, name: str | None, parameter: str | None
) -> None:
    answer = client.ask(**message)
    if name is None:
        assert answer == {"subscribed": "a"}
    else:
        problem = answer["problem"]
        msgspec.convert(problem, ProblemDetails)
        assert problem["type"] == f"/problems/{name}"
        assert problem.get("parameter") == parameter
        assert problem.get("id", "") == ("" if parameter == "message" else message["subscribe"][:64])
    assert client.ask(subscribe="z", kind="air") == {"subscribed": "z"}


@pytest.mark.parametrize(
    "text",
    ["", "x", "{", "NaN", "[]", "null", "1", '"a"', '{"a": "\\ud800"}', '{"a":' * 3000, "[" * 10_000, b"\x00\xff"],
)
def test_q5_what_is_no_message_is_answered_in_words_and_no_end(client: Client, text: str | bytes) -> None:
    client.socket.send(text)
    problem = client.hear()["problem"]
    assert (problem["type"], problem["parameter"]) == ("/problems/invalid-parameter", "message")
    assert '{"subscribe": "an id"' in problem["detail"]
    assert not any(word in problem["detail"] for word in ("Expected", "Input", "malformed", "byte"))
    assert client.ask(subscribe="z", kind="air") == {"subscribed": "z"}


def test_an_id_is_used_once_at_a_time_and_there_are_not_too_many(client: Client) -> None:
    for number in range(api.live.socket.MAX_SUBSCRIPTIONS):
        assert client.ask(subscribe=str(number), kind="air") == {"subscribed": str(number)}
    assert "already" in client.ask(subscribe="0", kind="air")["problem"]["detail"]
    problem = client.ask(subscribe="one more", kind="air")["problem"]
    assert (problem["status"], problem["quota"], problem["id"]) == (429, "subscriptions", "one more")
    client.ask(unsubscribe="0")
    assert client.ask(subscribe="one more", kind="air") == {"subscribed": "one more"}


def test_a_browser_shows_its_key_in_a_subprotocol(served: Api, opened: Callable[..., Client]) -> None:
    key = f"zenata.key.{served.secrets['pilot']}"
    both = opened(None, subprotocols=["zenata.v1", key])
    assert (both.socket.subprotocol, both.hear()) == ("zenata.v1", {"ready": "test-pilot"})
    alone = opened(None, subprotocols=[key])
    assert (alone.socket.subprotocol, alone.hear()) == (key, {"ready": "test-pilot"})


def test_the_first_message_can_show_the_key(served: Api, opened: Callable[..., Client]) -> None:
    assert opened(None).ask(key=served.secrets["engineer"]) == {"ready": "test-engineer"}


@pytest.mark.parametrize("message", ['{"key": "zk_wrong"}', '{"subscribe": "a"}', "{}", "x", '{"key": 1}', b"\xff"])
def test_a_first_message_without_a_good_key_is_the_last(opened: Callable[..., Client], message: str | bytes) -> None:
    client = opened(None)
    client.socket.send(message)
    assert client.hear()["problem"]["type"] == "/problems/no-key"
    assert client.closed() == 1008


def test_a_bad_key_in_a_subprotocol_is_reported(opened: Callable[..., Client]) -> None:
    client = opened(None, subprotocols=["zenata.v1", "zenata.key.zk_wrong"])
    assert client.hear()["problem"]["status"] == 401
    assert client.closed() == 1008


def test_who_shows_no_key_does_not_stay(opened: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.routes, "_KEY_TIMEOUT", 0.05)
    client = opened(None)
    assert client.hear()["problem"]["type"] == "/problems/no-key"
    assert client.closed() == 1008


def test_a_bad_header_is_answered_401(opened: Callable[..., Client]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(None, additional_headers={"Authorization": "Bearer zk_wrong"})
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["type"] == "/problems/no-key"


def test_a_key_in_the_address_is_refused(served: Api, opened: Callable[..., Client]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(None, f"?key={served.secrets['pilot']}")
    assert refused.value.response.status_code == 422


@pytest.mark.usefixtures("start")
def test_a_pilot_has_so_many_connections_at_once(
    opened: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.routes, "MAX_CONNECTIONS", 2)
    first, second, third = (opened() for _ in range(3))
    assert first.hear() == second.hear() == {"ready": "test-pilot"}
    assert third.hear()["problem"]["quota"] == "connections"
    assert third.closed() == 1008
    assert opened("engineer").hear() == {"ready": "test-engineer"}
    first.socket.close()
    wait_until(lambda: "ready" in opened().hear(), "there is room for another", pause=0.05)


def test_messages_count_against_the_quota_of_requests_and_are_read_slowly_beyond_it(
    start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.socket, "_PACE", 0.3)
    served = start(quotas=PilotQuotas(requests_per_minute=5))
    with served.socket() as socket:
        client = Client(socket)
        client.hear()
        answers = [client.ask(unsubscribe="none") for _ in range(5)]
        begin = time.monotonic()
        answers += [client.ask(unsubscribe="none") for _ in range(4)]
        assert time.monotonic() - begin > 0.8
    quotas = [answer["problem"].get("quota") for answer in answers]
    assert (quotas[:4], quotas[-2:]) == ([None] * 4, ["requests_per_minute"] * 2)


def test_a_message_that_is_too_large_ends_the_connection(client: Client) -> None:
    client.say(subscribe="a", kind=["x" * 20_000])
    assert client.closed() == 1009


def test_a_silent_connection_is_kept_open(opened: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.socket, "_HEARTBEAT", 0.02)
    client = opened()
    client.hear()
    assert [list(client.hear()) for _ in range(3)] == [["heartbeat"]] * 3


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("subscribed", [True, False])
def test_a_key_that_is_no_longer_good_cuts_the_connection(served: Api, client: Client, subscribed: bool) -> None:
    if subscribed:
        client.ask(subscribe="a", kind="air")
    revoked = time.monotonic()
    served.register.suspend("test-pilot", by="test-admin", reason="tried out")
    assert client.closed() == 1008
    assert time.monotonic() - revoked < 60  # not when the client would give up
    assert served.hub.listeners == 0


@pytest.mark.usefixtures("start")
def test_a_key_that_is_no_longer_good_cuts_a_stream_too(served: Api) -> None:
    with served.client() as client, client.stream("GET", "/v1/stream") as response:
        lines = response.iter_lines()
        next(lines)
        revoked = time.monotonic()
        served.register.revoke("test-pilot", "main", by="test-admin")
        assert "event: reading" not in lines
        assert time.monotonic() - revoked < 60  # not when the client would give up


@pytest.mark.usefixtures("start")
def test_a_pilot_has_so_many_streams_at_once(served: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.readings.routes, "MAX_STREAMS", 1)
    with served.client() as client:
        with client.stream("GET", "/v1/stream") as first:
            lines = first.iter_lines()  # kept, as the stream ends with it
            next(lines)
            over = client.get("/v1/stream")
            assert (over.status_code, over.json()["quota"]) == (429, "streams")
            assert int(over.headers["retry-after"]) > 0
        wait_until(lambda: is_open(client), "the first has gone")


def is_open(client: httpx.Client) -> bool:
    with client.stream("GET", "/v1/stream") as response:
        return response.status_code == 200


@pytest.mark.usefixtures("start")
def test_the_server_stops_with_connections_open(served: Api, client: Client) -> None:
    begin = time.monotonic()
    served.stop()
    assert time.monotonic() - begin < 5
    assert client.closed() in {1001, 1012}


def test_a_client_that_does_not_read_learns_what_it_lost_and_holds_nobody(
    start: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = start(hub=Hub(capacity=10_000_000))
    with served.socket(max_queue=1) as deaf, served.socket() as quick:
        slow, client = Client(deaf), Client(quick)
        for one in (slow, client):
            one.hear()
            one.ask(subscribe="a", sensor="noise-0001")
        total, batches = 0, 80
        for number in range(batches):
            batch = batch_of([s for s in SERIES if s.kind == "noise"], range(number * 1000, (number + 1) * 1000))
            served.hub.publish(batch)
            total += len(batch)
            received = 0
            while received < len(batch):
                received += len(client.hear()["readings"])
        got = lost = 0
        while got + lost < total:
            message = slow.hear()
            got += len(message.get("readings", ()))
            if "lost" in message:
                lost += message["lost"]
                assert message["id"] == "a"
                assert message["from"] < message["to"]
        assert got + lost == total
        assert lost > 0
        served.hub.publish(batch_of([s for s in SERIES if s.kind == "noise"], range(1)))
        assert len(slow.hear()["readings"]) > 0


def test_publishing_while_others_subscribe_and_leave_harms_nobody(
    served: Api, opened: Callable[..., Client], client: Client
) -> None:
    client.ask(subscribe="all")
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            other = opened()
            other.hear()
            other.ask(subscribe="x", kind="air")
            other.socket.close()

    visitor = threading.Thread(target=come_and_go)
    visitor.start()
    try:
        for minute in range(100):
            served.hub.publish(batch_of(SERIES, range(minute, minute + 1)))
            assert {row["seq"] for row in client.hear()["readings"]} == {minute + 1}
    finally:
        stop.set()
        visitor.join()
