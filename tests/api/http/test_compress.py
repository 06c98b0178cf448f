"""Compression of answers, for those who accept it."""

import gzip

import httpx
import pytest

from api.http.compress import MIN_SIZE, accepts_gzip
from tests.api.running import Api


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("GZIP ; q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("deflate, br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_accepted_as_the_header_says(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize(
    "path", ["/v1/latest", "/v1/latest?format=csv", "/v1/latest?format=arrow", "/v1/kinds", "/openapi.json", "/v1/map"]
)
def test_q7_large_answers_are_compressed_for_who_accepts_it(api: Api, path: str) -> None:
    with api.client() as client:
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
            raw = b"".join(packed.iter_raw())
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content
    assert "Accept-Encoding" in plain.headers["vary"]
    assert "Accept-Encoding" in packed.headers["vary"]


def test_small_answers_problems_among_them_and_streams_go_as_they_are(client: httpx.Client) -> None:
    for path in ("/healthz", "/nowhere"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert len(answer.content) < MIN_SIZE
        assert "content-encoding" not in answer.headers
    with client.stream("GET", "/v1/stream", headers={"Accept-Encoding": "gzip"}) as stream:
        assert "content-encoding" not in stream.headers
        assert next(stream.iter_lines()).startswith("retry:")
