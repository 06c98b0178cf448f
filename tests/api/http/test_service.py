import asyncio
from functools import lru_cache

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http import compress
from api.http.app import create_app
from api.http.metrics import Requests
from api.http.openapi import Application
from api.http.problems import KINDS
from tests.api.running import Api, batch_of, running, series_of, small_city
from tests.waiting import wait_until
from zenata.city.readings import Catalog, Selection
from zenata.errors import StoreError
from zenata.store.base import Table


def test_not_ready_is_503_with_the_reasons() -> None:
    reasons: list[str] = ["ingest is not connected to the broker"]
    with (
        running(ready=lambda: reasons) as api,
        api.client(None) as client,
    ):
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["reasons"] == reasons
        assert reasons[0] in response.json()["detail"]
        assert client.get("/healthz").status_code == 200
        reasons.clear()
        wait_until(lambda: client.get("/readyz").status_code == 200, "what was found out a second ago counts no more")


class BrokenStore:
    """A store whose disk has gone, or whose code is wrong."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.catalog = Catalog()

    def latest(self, selection: Selection) -> Table:
        raise self._error

    def check(self) -> None:
        raise self._error


def test_a_store_that_fails_is_503_and_its_reasons_stay_inside() -> None:
    store = BrokenStore(StoreError("/secret/path is gone"))
    with running(city=small_city(), store=store) as api, api.client() as client:
        for path in ("/v1/latest", "/v1/city", "/readyz"):
            response = client.get(path)
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
            assert "secret" not in response.text
        assert "the store cannot be read" in response.json()["reasons"]


def test_a_failure_is_500_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    store = BrokenStore(RuntimeError("a secret"))
    with running(city=small_city(), store=store) as api, api.client() as client:
        response = client.get("/v1/latest")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["type"] == "/problems/internal"
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert "a secret" in caplog.text


def test_metrics_count_requests_readings_and_ingest() -> None:
    city = small_city()
    with running(city=city) as api, api.client("engineer") as client:
        batch = batch_of(series_of(city), range(3))
        api.store.append(batch)
        api.hub.publish(batch)
        client.get("/v1/sensors/air-0001")
        client.get("/v1/sensors/nothing")
        client.get("/nowhere")
        response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }

    def requests(route: str, status: int) -> float:
        return samples["zenata_http_requests_total", ("method", "GET"), ("route", route), ("status", str(status))]

    assert requests("/v1/sensors/{sensor}", 200) == 1
    assert requests("/v1/sensors/{sensor}", 404) == 1
    assert requests("none", 404) == 1
    assert samples["zenata_http_first_byte_seconds_count", ("route", "/v1/sensors/{sensor}")] == 2
    assert samples["zenata_http_first_byte_seconds_sum", ("route", "/v1/sensors/{sensor}")] > 0
    assert samples["zenata_readings_stored_total",] == len(batch)
    assert samples["zenata_stream_listeners",] == 0
    assert samples["zenata_ingest_messages_total",] == 7


def test_docs_load_nothing_from_elsewhere(api: Api) -> None:
    with api.client(None) as client:
        page = client.get("/docs")
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        assets = ("/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui.css", "/swagger/favicon-32x32.png")
        for asset in (*assets, "/openapi.json"):
            assert asset in page.text
            assert client.get(asset).status_code == 200


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_document_for_anybody_is_compressed_once(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str, coding: str
) -> None:
    """It took some milliseconds of a thread for each request, of which strangers may send as many as they like."""
    packed: list[int] = []
    pack = compress.compress
    remembered = lru_cache(lambda body, coding: packed.append(1) or pack(body, coding))
    monkeypatch.setattr(compress, "_remembered", remembered)
    monkeypatch.setattr(compress, "compress", lambda *_: pytest.fail("it is compressed anew"))
    with api.client(None) as client:
        answers = [client.get(path, headers={"Accept-Encoding": coding}) for _ in range(3)]
        plain = client.get(path, headers={"Accept-Encoding": "identity"}).content
    if coding == "gzip":  # which httpx reads
        assert answers[0].content == plain
    assert {(one.headers["content-encoding"], one.headers["vary"]) for one in answers} == {(coding, "Accept-Encoding")}
    assert len(packed) == 1


def test_the_openapi_document_is_made_once_and_not_sent_to_who_has_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    openapi = Application.openapi
    monkeypatch.setattr(Application, "openapi", lambda app: made.append(1) or openapi(app))

    async def ask(*tags: str) -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(api.context))
        async with httpx.AsyncClient(transport=transport, base_url="http://city") as client:
            return [await client.get("/openapi.json", headers={"If-None-Match": tag}) for tag in tags]

    (first,) = asyncio.run(ask('"other"'))
    tag = first.headers["etag"]
    answers = asyncio.run(ask("", tag, tag.removeprefix("W/"), f'"other", {tag}'))
    assert [answer.status_code for answer in answers] == [200, 304, 304, 304]
    assert {answer.headers["etag"] for answer in answers} == {tag}
    assert [len(answer.content) for answer in answers] == [len(first.content), 0, 0, 0]
    assert len(made) == 2  # once by each application


def test_every_problem_has_a_page(api: Api) -> None:
    with api.client(None) as client:
        listed = client.get("/problems").json()["items"]
        assert len(listed) == len(KINDS)
        for (name, kind), one in zip(KINDS.items(), listed, strict=True):
            page = client.get(f"/problems/{name}").json()
            assert page == one
            assert page.pop("titles")["en"] == kind.title
            assert page == {
                "type": f"/problems/{name}",
                "title": kind.title,
                "status": kind.status,
                "detail": kind.help,
            }
        assert client.get("/problems/none").json()["allowed"] == list(KINDS)


def test_a_problem_is_answered_in_the_language_that_is_preferred(client: httpx.Client) -> None:
    def answer(path: str, languages: str) -> tuple[str, dict]:
        found = client.get(path, headers={"Accept-Language": languages})
        assert "Accept-Language" in found.headers["vary"]
        return found.headers["content-language"], found.json()

    path = "/v1/worlds/nowhere/events"
    plain = client.get(path).json()
    assert answer(path, "de, en;q=0.5") == answer(path, "fr;q=0, *") == answer(path, "x;q=y") == ("en", plain)
    language, french = answer(path, "de, en;q=0.5, fr-MA;q=0.9")
    assert (language, french["title"]) == ("fr", "Monde inconnu")
    assert french["detail"].startswith("Il n'y a pas de monde 'nowhere'. Utilisez ")
    assert {name: french[name] for name in ("type", "status", "allowed")} == {
        name: plain[name] for name in ("type", "status", "allowed")
    }
    assert "original" not in french, "it is a known sentence"
    arabic = answer("/v1/sensors?limit=x", "ar")[1]
    assert arabic["detail"].startswith("صحّح المعامل")
    assert arabic["original"] == client.get("/v1/sensors?limit=x").json()["detail"]


def test_unknown_routes_and_methods_are_problems(client: httpx.Client) -> None:
    for path in ("/v2/city", "/v1/", "/v1/city/x", "/swagger/none.js"):
        unknown = client.get(path)
        assert unknown.status_code == 404
        assert unknown.json()["type"] == "/problems/unknown-route"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        wrong = client.request(method, "/v1/city")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
        assert (wrong.json()["type"], wrong.json()["allowed"]) == ("/problems/method-not-allowed", ["GET", "HEAD"])
    assert client.put("/v1/devices/roof").headers["allow"] == "GET, PATCH, DELETE, HEAD"


@pytest.mark.parametrize("body", [b'{"id": "formy"}', b"\xff"])
def test_a_body_that_does_not_say_that_it_is_json_learns_how(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/devices", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.json()["parameter"]) == (422, "body")
    assert "Content-Type: application/json" in answer.json()["detail"]


def test_times_are_counted_within_their_bounds() -> None:
    """As Prometheus has it: a bucket holds all that took up to its bound, the bound among them."""
    requests = Requests()
    for seconds in (0.0005, 0.001, 0.0011, 0.3, 11.0):
        requests.count("GET", "/a", 200, seconds)
    answered, times = requests.collect()
    assert [(one.labels["status"], one.value) for one in answered.samples] == [("200", 5)]
    within = {one.labels["le"]: one.value for one in times.samples if one.name.endswith("bucket")}
    assert list(within.items())[:3] == [("0.001", 2), ("0.0025", 3), ("0.005", 3)]
    assert (within["0.25"], within["0.5"], within["10.0"], within["+Inf"]) == (3, 4, 4, 5)
    assert [one.value for one in times.samples if one.name.endswith("sum")] == [pytest.approx(11.3026)]
