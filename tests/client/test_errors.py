"""What a program hears when something is wrong."""

import socket

import pytest

from ingest.quotas import Limits
from tests.api.running import running
from tests.client.clients import opened
from tests.http_server import Handler, Server, serving
from zenata.control.pilot import Quotas
from zenata_client import AnswerError, AsyncClient, Client, ProblemError, SetupError, UnreachableError, ZenataError
from zenata_client.plan import PATIENCE


def test_a_problem_says_what_the_api_says(client):
    with pytest.raises(ProblemError, match="sensor") as refused:
        client.sensor("air-9999")
    problem = refused.value
    assert (problem.status, problem.type, problem.title) == (404, "/problems/unknown-sensor", "No such sensor")
    assert problem.members["allowed"]
    assert problem.retry_after is None
    assert isinstance(problem, ZenataError)


def test_a_wrong_key_is_named(api, kind):
    with opened(kind, api.url, "zk_wrong") as client, pytest.raises(ProblemError) as refused:
        client.city()
    assert (refused.value.status, refused.value.type) == (401, "/problems/no-key")


def test_nobody_at_the_address_is_named_with_it(kind):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with opened(kind, url, "zk_any") as client, pytest.raises(UnreachableError, match=url):
            client.city()


@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_no_key_is_reported_before_anything_is_asked(make, monkeypatch):
    monkeypatch.delenv("ZENATA_KEY", raising=False)
    with pytest.raises(SetupError, match="ZENATA_KEY"):
        make()


def test_key_and_address_may_come_from_the_environment(api, monkeypatch):
    monkeypatch.setenv("ZENATA_KEY", api.secrets["pilot"] + "\n")
    monkeypatch.setenv("ZENATA_URL", api.url)
    with Client() as client:
        assert client.city().id == "zenata"


def test_a_quota_is_waited_for_within_reason():
    with running(quotas=Quotas(requests_per_minute=60)) as api:
        with api.client() as plain:
            while (answer := plain.get("/v1/kinds")).status_code == 200:
                pass
            assert answer.headers["retry-after"] == "1"
        with Client(api.url, api.secrets["pilot"]) as client:
            assert client.kinds()


@pytest.mark.usefixtures("one_day")
def test_a_long_wait_is_not_waited_for_but_reported():
    with (
        running(limits=Limits(1e6, 1)) as api,
        Client(api.url, api.secrets["pilot"]) as client,
    ):
        client.add_device("roof")
        client.send("roof", {"temperature": 1})
        with pytest.raises(ProblemError) as refused:
            client.send("roof", {"temperature": 2})
    assert (refused.value.status, refused.value.members["quota"]) == (429, "points_per_day")
    assert refused.value.retry_after > PATIENCE


class Portal(Handler):
    """Answers everything with a page, as the portal of a hotel does."""

    def do_GET(self):  # noqa: N802 - the library's name
        self.answer(200, b"<html>Welcome to our Wi-Fi</html>", {"Content-Type": "text/html; charset=utf-8"})

    do_POST = do_GET  # noqa: N815 - the library's name


@pytest.fixture(scope="module")
def portal():
    with serving(Server(Portal)) as server:
        yield server.base


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.city(),
        lambda client: client.latest(),
        lambda client: next(client.readings()),
        lambda client: next(client.stream()),
        lambda client: client.arrow(),
        lambda client: client.send("roof", {"a": 1}),
    ],
)
def test_a_page_in_place_of_an_answer_is_our_own_error(portal, kind, ask):
    with opened(kind, portal, "zk_any") as client, pytest.raises(AnswerError, match="text/html"):
        ask(client)


def test_a_file_in_place_of_which_a_page_comes_is_not_written(portal, tmp_path):
    with Client(portal, "zk_any") as client, pytest.raises(AnswerError):
        client.download("x", tmp_path / "file.csv")
    assert list(tmp_path.iterdir()) == []
