"""Two servers of the API over one store and one control data: what one has made the other knows; see tests/system too."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import cycle

import httpx
import pytest

from api.http.guard import LOCKED_OUT
from tests.api.running import MINUTES, Api, batch_of, running, series_of, small_city
from tests.waiting import wait_until
from zenata.control.pilot import Quotas
from zenata.store import open_store

CITY = small_city()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Api]]:
    folder = tmp_path_factory.mktemp("servers")
    control = f"sqlite:///{folder}/control.db"
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(f"duckdb:///{folder}/readings.duckdb")))
        store.append(batch_of(series_of(CITY), range(MINUTES)))
        options = {"city": CITY, "store": store, "worlds": folder, "control": control}
        quotas = Quotas(requests_per_minute=10**6)
        first, second = (
            stack.enter_context(running(**options, quotas=quotas, peer=name)) for name in ("first", "second")
        )
        for one in (first, second):
            wait_until(lambda one=one: one.context.peers and one.context.peers.count == 2, "they know of each other")
        yield first, second


def admin_of(servers: tuple[Api, Api], number: int = 0) -> httpx.Client:
    """Return a client of one of them with the key of the administrator: the second server has made the newest."""
    client = servers[1].client("admin")
    client.base_url = servers[number].url
    return client


def test_a_key_and_a_session_are_good_elsewhere_at_once(servers: tuple[Api, Api]) -> None:
    for number, name in enumerate(("aqua", "terra", "ventus")):
        with admin_of(servers, number % 2) as admin, servers[(number + 1) % 2].client(None) as page:
            key = admin.post("/v1/pilots", json={"name": name}).json()["issued"]["key"]
            page.headers["Origin"] = str(page.base_url).rstrip("/")
            answer = page.post("/v1/session", json={"key": key})
            assert answer.is_success, answer.text
            (session,) = page.cookies.values()
            there = servers[number % 2].url
            cookies = {f"zenata_session_{httpx.URL(there).port}": session}
            assert httpx.get(f"{there}/v1/me", cookies=cookies).json()["name"] == name
            assert page.delete("/v1/session").is_success
            ended = lambda there=there, cookies=cookies: httpx.get(f"{there}/v1/me", cookies=cookies).status_code  # noqa: E731 - of this turn
            wait_until(lambda ended=ended: ended() == 401, "the session has ended there too")


def test_an_export_is_listed_fetched_and_deleted_elsewhere(servers: tuple[Api, Api]) -> None:
    with admin_of(servers, 0) as here, admin_of(servers, 1) as there:
        whole = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T02:00:00Z", "format": "csv"}
        path = f"/v1/exports/{here.post('/v1/exports', json=whole).json()['id']}"
        wait_until(lambda: there.get(path).json()["state"] == "done", "it is written")
        file, same = here.get(f"{path}/file"), there.get(f"{path}/file")
        assert file.content == same.content
        assert len(file.content) > 1000
        for name in ("content-type", "content-disposition", "etag"):
            assert same.headers[name] == file.headers[name], name
        part = there.get(f"{path}/file", headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, file.content[5:10])
        assert [one["id"] for one in there.get("/v1/exports").json()["items"]] == [path.rpartition("/")[2]]
        assert there.delete(path).status_code == 204
        assert there.get(path).status_code == 404
        servers[0].context.exports._wake()  # or within a minute
        wait_until(lambda: here.get(path).status_code == 404, "its server has deleted it")


def test_telemetry_taken_by_one_comes_to_those_who_listen_at_the_other(servers: tuple[Api, Api]) -> None:
    with admin_of(servers, 0) as here:
        for hub in (one.hub for one in servers):
            assert hub.newest("p-test-admin") is None
        assert here.post("/v1/devices", json={"id": "tank"}).is_success
        for number, value in zip(cycle((0, 1)), (1.0, 2.0, 3.0), strict=False):
            with admin_of(servers, number) as client:
                answer = client.post("/v1/telemetry", params={"device": "tank"}, json={"level": value})
                assert answer.is_success, answer.text
        for one in servers:
            wait_until(lambda one=one: one.hub.published == 3, "all three came, each once")


def test_alerts_are_of_what_any_server_finds_and_each_is_there_once(servers: tuple[Api, Api]) -> None:
    peers = servers[1].context.peers
    assert peers is not None
    peers.notes["findings"] = [{"pilot": None, "kind": "locked-out", "detail": "10.9.8.7 ...", "subject": "10.9.8.7"}]

    def found(number: int) -> list[str]:
        with admin_of(servers, number) as admin:
            items = admin.get("/v1/alerts").json()["items"]
        return [one["id"] for one in items if one["kind"] == "locked-out"]

    wait_until(lambda: found(0), "the first has heard of it")
    once = found(0)
    assert len(once) == 1
    assert found(0) == once, "it is the same alert, and not raised by turns"


def test_who_guesses_at_one_is_locked_out_at_the_other(servers: tuple[Api, Api]) -> None:
    until = servers[0].context.guard._clock.now() / 1e6 + 600
    peers = servers[0].context.peers
    assert peers is not None
    peers.notes[LOCKED_OUT] = {"127.0.0.9": until}
    with servers[1].client("admin", "127.0.0.9") as client:
        client.headers["Authorization"] = "Bearer zk_wrong"
        wait_until(lambda: client.get("/v1/me").status_code == 429, "it is locked out there")
