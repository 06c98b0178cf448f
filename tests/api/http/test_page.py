"""The page of the city, and what of the addresses is its own."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.http.page import POLICY
from tests.api.running import running

INDEX = b"<!doctype html><title>Zenata</title><script type=module src=/assets/app-1a2b.js></script>"
SCRIPT = b"console.log('the page');" * 100
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    (folder / "assets").mkdir()
    (folder / "index.html").write_bytes(INDEX)
    (folder / "icon.svg").write_bytes(b"<svg/>")
    (folder / "assets" / "app-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "app-1a2b.js.br").write_bytes(b"stands for brotli")
    (folder / "assets" / "app-1a2b.css").write_bytes(b"a{}" * 1000)
    return folder


@pytest.fixture(scope="module")
def browser(build: Path) -> Iterator[httpx.Client]:
    with running(page=build) as api, api.client(None) as client:
        client.headers.update(HTML)
        yield client


@pytest.mark.parametrize("path", ["/", "/demo", "/wall", "/pilots/aqua", "/xr"])
def test_a_view_is_the_page_with_its_policy(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.content) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache"
    assert browser.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/v1/nowhere", "/docs/x", "/swagger/x", "/assets/gone.js", "/robots.txt", "/v1"])
def test_what_is_the_apis_or_names_a_file_is_no_view(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_program_gets_no_view_and_docs_and_health_stay(browser: httpx.Client) -> None:
    assert browser.get("/demo", headers={"Accept": "application/json"}).status_code == 404
    assert browser.post("/demo").status_code == 404
    assert "swagger" in browser.get("/docs").text
    assert browser.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("identity", None, SCRIPT),
        ("gzip", "gzip", SCRIPT),
        ("gzip, deflate, br, zstd", "br", b"stands for brotli"),
        ("gzip, br;q=0.1", "gzip", SCRIPT),
    ],
)
def test_an_asset_is_sent_as_the_build_compressed_it(
    browser: httpx.Client, accepted: str, coding: str | None, body: bytes
) -> None:
    with browser.stream("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert (gzip.decompress(raw) if coding == "gzip" else raw) == body
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/", "/assets/app-1a2b.js", "/assets/app-1a2b.css", "/icon.svg"])
def test_who_has_a_file_is_told_that_it_is_the_same(browser: httpx.Client, path: str) -> None:
    tags = {browser.get(path, headers={"Accept-Encoding": one}).headers["etag"] for one in ("identity", "gzip", "br")}
    for tag in tags:
        again = [
            browser.get(path, headers={"If-None-Match": f'"other", {tag}', "Accept-Encoding": one})
            for one in ("identity", "gzip", "br")
        ]
        assert 304 in [one.status_code for one in again]
        assert all(one.content == b"" for one in again if one.status_code == 304)
    assert browser.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_file_that_the_build_did_not_compress_is_compressed_here(browser: httpx.Client) -> None:
    answer = browser.get("/assets/app-1a2b.css", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["etag"].startswith("W/")


def test_a_file_is_there_before_any_view_as_after_a_restart(build: Path) -> None:
    with running(page=build) as api, api.client(None) as client:
        assert client.get("/icon.svg").content == b"<svg/>"
        assert client.get("/assets/app-1a2b.js").content == SCRIPT


def test_nothing_outside_the_build_is_served(browser: httpx.Client, build: Path) -> None:
    (build.parent / "secret.txt").write_text("hidden words")
    for path in ("/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "//secret.txt"):
        assert browser.get(path).status_code in {200, 404}
        assert "hidden words" not in browser.get(path).text


def test_a_new_build_is_served_without_a_restart(browser: httpx.Client, build: Path) -> None:
    before = (build / "index.html").stat().st_mtime_ns
    (build / "index.html").write_bytes(INDEX.replace(b"1a2b", b"3c4d"))
    (build / "assets" / "app-3c4d.js").write_bytes(b"new")
    assert (build / "index.html").stat().st_mtime_ns != before
    assert b"3c4d" in browser.get("/").content
    assert browser.get("/assets/app-3c4d.js").content == b"new"


def test_without_a_build_the_page_says_how_to_have_it(tmp_path: Path) -> None:
    with running(page=tmp_path / "none") as api, api.client(None) as client:
        answer = client.get("/", headers=HTML)
        assert answer.status_code == 200
        assert "make up" in answer.text
        assert "/docs" in answer.text
        assert client.get("/demo", headers=HTML).status_code == 404
