"""Requests of a pilot that are meant to cost more than they may: each is answered, none is a failure, the next one is served."""

import gzip
import json
import random
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.api.running import Api
from tests.waiting import wait_until

MEMORY = 400e6  # beyond what any of these may take on top [bytes]; each has 4 MiB or less
RANDOM = random.Random(7)  # noqa: S311 - no secret
MIB = 2**20


@contextmanager
def bounded() -> Iterator[None]:
    """Fail if much more memory is in use after the block than before; the server is in this process."""
    process = psutil.Process()
    before = process.memory_info().rss
    yield
    assert process.memory_info().rss - before < MEMORY


def answered(api: Api, response: httpx.Response) -> None:
    """Fail unless a request was answered with data or a problem, and the next one is served."""
    assert response.status_code < 500, response.text[:500]
    if response.status_code >= 400 and not response.url.path.startswith(("/write", "/api/v2")):
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.content) < 30_000  # it repeats no more than a little of what came
    assert httpx.get(f"{api.url}/healthz", trust_env=False, timeout=60).status_code == 200


@pytest.fixture(scope="module")
def pilot(api: Api) -> Iterator[httpx.Client]:
    with api.client() as client:
        client.timeout = httpx.Timeout(120)
        assert client.post("/v1/devices", json={"id": "roof"}).status_code == 201
        yield client


def senml(count: int) -> bytes:
    return json.dumps([{"n": f"a{number}", "v": number} for number in range(count)]).encode()


BODIES: dict[str, bytes] = {
    "lists in lists": b"[" * 300_000,
    "closed lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "objects in objects": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "a number of a million digits": b'{"a": ' + b"9" * 100_000 + b"}",
    "a number with a million digits behind the point": b'{"a": 0.' + b"3" * 100_000 + b"}",
    "a number beyond any": b'{"a": 1e999999999}',
    "no numbers": b'{"a": NaN, "b": Infinity, "c": -Infinity}',
    "one name again and again": b"{" + b'"a": 1,' * 60_000 + b'"a": 2}',
    "a name of a megabyte": b'{"' + b"n" * MIB + b'": 1}',
    "very many names": json.dumps({f"a{number}": number for number in range(50_000)}).encode(),
    "very many items": b"[" + b'{"a":1},' * 100_000 + b'{"a":1}]',
    "very many records": senml(20_000),
    "a text of escapes": b'{"a": "' + b"\\u0000" * 100_000 + b'"}',
    "names that differ in how they are written": b'{"\\u0061": 1, "a": 2, "\xc3\xa9": 1, "e\xcc\x81": 2}',
    "half characters": b'{"\\ud800": 1, "a": "\\udfff"}',
    "no UTF-8": b'{"\xff\xfe": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "random bytes": RANDOM.randbytes(1_000_000),
    "zeros": bytes(1_000_000),
    "base64 that says what it is not": json.dumps(
        {"uplink_message": {"frm_payload": "A" * 1_000_000, "f_port": 1}}
    ).encode(),
    "times from end to end": json.dumps([{"a": 1, "time": number * 10**12} for number in range(-500, 500)]).encode(),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/v1/telemetry?device=roof", "/v1/webhooks", "/v1/worlds/w-1/events"])
def test_a_body_that_is_hard_to_read_is_answered(api: Api, pilot: httpx.Client, path: str, name: str) -> None:
    with bounded():
        answered(api, pilot.post(path, content=BODIES[name], headers={"Content-Type": "application/json"}))


@cache
def bomb(layers: int) -> bytes:
    body = bytes(64 * MIB)
    for _ in range(layers):
        body = gzip.compress(body, 9)
    return body


ZIPPED: dict[str, bytes | None] = {
    "64 MiB of zeros": None,  # made when it is asked for: every worker reads this file
    "in two layers": None,
    "members without end": gzip.compress(b"", 9) * 20_000,
    "members with a little each": gzip.compress(b'{"a":1}') * 20_000,
    "cut off": gzip.compress(b'{"a": 1}' * 1000)[:-9],
    "with a wrong sum": gzip.compress(b'{"a": 1}')[:-8] + bytes(8),
    "with a name that does not end": b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * MIB,
    "with extra of 64 KiB": b"\x1f\x8b\x08\x04"
    + bytes(6)
    + struct.pack("<H", 65_535)
    + b"x" * 65_535
    + zlib.compress(b"1")[2:-4],
}


@pytest.mark.parametrize("name", ZIPPED)
@pytest.mark.parametrize("path", ["/v1/telemetry?device=roof", "/api/v2/write?bucket=x"])
def test_what_is_packed_is_no_larger_than_what_is_not(api: Api, pilot: httpx.Client, path: str, name: str) -> None:
    with bounded():
        response = pilot.post(
            path, content=ZIPPED[name] or bomb(1 + (name == "in two layers")), headers={"Content-Encoding": "gzip"}
        )
    answered(api, response)
    assert response.status_code in {400, 413, 422}


LINES: dict[str, bytes] = {
    "a quote that does not end": b'm,device=roof a="' + b"x" * 500_000,
    "backslashes": b"m,device=roof a" + b"\\" * 500_000 + b"=1",
    "very many tags": b"m,device=roof," + b",".join(b"t%d=v" % n for n in range(50_000)) + b" a=1",
    "very many fields": b"m,device=roof " + b",".join(b"f%d=1" % n for n in range(50_000)),
    "empty lines": b"\n" * 500_000,
    "comments": b"# nothing\n" * 50_000,
    "a series a line": b"\n".join(b"m,device=roof,room=r%d a=1" % n for n in range(10_000)),
    "times beyond any": b"m,device=roof a=1 99999999999999999999999999\n" * 3_000,
}


@pytest.mark.parametrize("name", LINES)
def test_lines_that_are_hard_to_read_are_answered(api: Api, pilot: httpx.Client, name: str) -> None:
    with bounded():
        answered(api, pilot.post("/write?db=x", content=LINES[name]))


QUERIES: dict[str, str] = {
    "a zone that is a path": "/v1/readings?every=1d&tz=../../../../etc/passwd",
    "a zone that is an absolute path": "/v1/readings?every=1d&tz=/etc/passwd",
    "a zone that is a folder": "/v1/readings?every=1d&tz=Africa",
    "a zone with a zero": "/v1/readings?every=1d&tz=UTC%00",
    "a zone of rules": "/v1/readings?every=1d&tz=posixrules",
    "buckets without end": "/v1/readings?every=1us&start=0001-01-01&end=9999-12-31&agg=mean",
    "buckets of a second for ten thousand years": "/v1/readings?every=1s&start=0001-01-01&end=9999-12-31&agg=mean,p99",
    "very many names": "/v1/readings?sensor=" + ",".join(f"air-{n:04}" for n in range(6_000)),
    "very many parameters": "/v1/latest?" + "&".join("kind=air" for _ in range(6_000)),
    "very many unknown parameters": "/v1/latest?" + "&".join(f"p{n}=1" for n in range(6_000)),
    "a name of 60 kB": "/v1/latest?sensor=" + "a" * 60_000,
    "every aggregate again and again": "/v1/readings?every=1h&agg=" + ",".join(["mean,p95,median"] * 500),
    "a range that ends with the first year": "/v1/readings?end=0001-01-01",
    "a range that ends just behind it": "/v1/readings?end=0001-01-01T00:00:02Z",
    "a range that ends with the last year": "/v1/readings?end=9999-12-31T23:59:59.999999Z",
    "a box that is the world": "/v1/sensors?bbox=-180,-90,180,90&limit=100000",
    "a cursor of its own making": "/v1/readings?cursor=" + "A" * 50_000,
    "a format of its own making": "/v1/latest?format=" + "x" * 10_000,
    "a query language of others": "/query?db=x&q=" + "SELECT%20" * 6_000,
    "brackets in a query language": "/query?db=x&q=SHOW%20TAG%20VALUES%20WITH%20KEY%20%3D%20" + "(" * 3_000,
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_is_hard_to_answer_is_answered(api: Api, pilot: httpx.Client, name: str) -> None:
    with bounded():
        response = pilot.get(QUERIES[name])
    answered(api, response)
    assert "root:" not in response.text


PATHS = [
    "/swagger/../../../../etc/passwd",
    "/swagger/..%2f..%2f..%2fetc/passwd",
    "/swagger/%2e%2e/%2e%2e/etc/passwd",
    "/swagger//etc/passwd",
    "/problems/..%2fdocs",
    "/problems/" + "x" * 50_000,
    "/v1/exports/..%2f..%2fcontrol.db/file",
    "/v1/exports/x-%00/file",
    "/v1/worlds/..%2fzenata",
    "/v1/worlds/%2e%2e/record",
    "/v1/worlds/w-1%2f..%2fzenata/truth",
    "/v1/sensors/" + "%F0%9F%8C%8A" * 5_000,
    "//v1/city",
    "/v1/city/..;/pilots",
    "/v1/%63ity%00",
]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_no_path_leads_to_a_file(api: Api, pilot: httpx.Client, path: str) -> None:
    parts = urlsplit(api.url)
    with httpx.Client(headers=pilot.headers, trust_env=False, timeout=60) as client:
        request = client.build_request("GET", f"http://{parts.netloc}/")
        request.url = request.url.copy_with(raw_path=path.encode())
        response = client.send(request)
    answered(api, response)
    assert response.status_code in {400, 403, 404, 422, 503} or path == "//v1/city"
    assert "root:" not in response.text


HEADERS: dict[str, dict[str, str | bytes]] = {
    "base64 of no letters": {"Authorization": b"Basic \xc3\xa9"},
    "base64 of no text": {"Authorization": "Basic /w=="},
    "kinds of content": {"Accept": ",".join(f"a/b{n};q=0.{n % 9}" for n in range(5_000))},
    "encodings": {"Accept-Encoding": ",".join(f"e{n};q=0.1" for n in range(5_000))},
    "tags": {"If-None-Match": ",".join(f'"{n}"' for n in range(5_000))},
    "cookies": {"Cookie": ";".join(f"c{n}=1" for n in range(5_000))},
    "hosts": {"X-Forwarded-For": ",".join(["10.0.0.1"] * 5_000), "X-Forwarded-Host": "evil.example"},
    "a host of another": {"Host": "evil.example"},
    "another method": {"X-HTTP-Method-Override": "DELETE"},
    "languages": {"Accept-Language": ",".join(f"l{n}" for n in range(5_000))},
    "a place in a stream": {"Last-Event-ID": "ab" * 16 + "-" + "9" * 15 + "-" + "9" * 17},
    "a time before any": {"Last-Event-ID": "ab" * 16 + "-1--" + "9" * 17},
    "an origin of half an address": {"Origin": "http://[", "Cookie": "zenata_session=zs_1"},
    "quotes": {"Range": "bytes=0-" + ",".join(f"{n}-{n}" for n in range(1, 9_000))},
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("path", ["/v1/latest?kind=noise", "/docs", "/v1/stream?kind=bus"])
def test_headers_that_are_hard_to_read_are_answered(api: Api, pilot: httpx.Client, path: str, name: str) -> None:
    with bounded(), pilot.stream("GET", path, headers=HEADERS[name]) as response:
        is_live = response.is_success and "event-stream" in response.headers["content-type"]
        begin = next(response.iter_text()) if is_live else response.read().decode()
    if not is_live:
        answered(api, response)
    assert "evil.example" not in begin + str(response.headers)


@pytest.mark.parametrize("origin", ["http://[", "http://a:b", "//", "http://" + "x" * 5_000])
def test_an_origin_that_is_no_address_is_refused(api: Api, origin: str) -> None:
    with api.client(None) as client:
        response = client.post("/v1/session", headers={"Origin": origin}, json={"key": "zk_" + "a" * 43})
    answered(api, response)
    assert response.status_code == 403


def test_an_export_of_the_first_seconds_of_time_can_be_listed(api: Api, pilot: httpx.Client) -> None:
    made = pilot.post("/v1/exports", json={"format": "csv", "kind": "noise", "end": "0001-01-01T00:00:02Z"})
    for response in (made, pilot.get("/v1/exports")):
        answered(api, response)
    path = f"/v1/exports/{made.json()['id']}"
    wait_until(lambda: pilot.get(path).json()["state"] in {"done", "failed"}, "it is over")
    assert pilot.delete(path).status_code == 204


def test_ranges_of_an_export_are_no_more_work_than_its_file(api: Api, pilot: httpx.Client) -> None:
    made = pilot.post("/v1/exports", json={"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}).json()["id"]
    wait_until(lambda: pilot.get(f"/v1/exports/{made}").json()["state"] == "done", "it is written")
    size = len(pilot.get(f"/v1/exports/{made}/file").content)
    for ranges in (
        ",".join(["0-"] * 5_000),
        ",".join(f"{n}-" for n in range(5_000)),
        ",".join(f"-{n}" for n in range(1, 5_000)),
        ",".join(f"{2 * n}-{2 * n}" for n in range(5_000)),
        "0-" + "9" * 5_000,
    ):
        with bounded():
            response = pilot.get(f"/v1/exports/{made}/file", headers={"Range": f"bytes={ranges}"})
        answered(api, response) if response.status_code < 400 else None
        assert response.status_code in {200, 206, 400, 416}
        assert len(response.content) < 200 * 5_000 + 2 * size
    assert pilot.delete(f"/v1/exports/{made}").status_code == 204


def test_messages_over_a_websocket_that_are_hard_to_read_are_answered(api: Api) -> None:
    with api.socket() as socket:
        socket.recv(20)
        for text in (
            "[" * 16_000,
            '{"subscribe":' * 1_000,
            '{"subscribe": "a", "sensor": "' + "x" * 16_000 + '"}',
            json.dumps({"subscribe": "a", "sensor": [f"air-{n:04}" for n in range(1_000)]}),
            json.dumps({"subscribe": "a", "kind": {"a": [{}]}}),
            '{"subscribe": "\\ud800"}',
            '{"unsubscribe": ' + "9" * 10_000 + "}",
        ):
            socket.send(text)
            assert "problem" in json.loads(socket.recv(20))
    with api.client("guest") as other:
        assert other.get("/v1/city").status_code == 200
