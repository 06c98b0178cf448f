"""Compression of answers, for those who accept it."""

import gzip

import httpx
import pytest
from backports import zstd

from api.http.compress import MIN_SIZE, coding_of
from tests.api.running import Api

DECOMPRESS = {"gzip": gzip.decompress, "zstd": zstd.decompress}


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, zstd;q=0.5", "gzip"),
        ("zstd;q=0.2, gzip;q=0.1", "zstd"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"),
        ("*", "gzip"),
        ("GZIP ; q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("zstd;q=0, *;q=0.1", "gzip"),
        ("zstd;q=nan", None),
        ("*;q=0", None),
        ("deflate, br", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_coding_is_what_the_header_asks_for(header: str, coding: str | None) -> None:
    assert coding_of(header) == coding


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize(
    "path", ["/v1/latest", "/v1/latest?format=csv", "/v1/latest?format=arrow", "/v1/kinds", "/openapi.json", "/v1/map"]
)
def test_q7_large_answers_are_compressed_for_who_accepts_it(api: Api, path: str, coding: str) -> None:
    with api.client() as client:
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        with client.stream("GET", path, headers={"Accept-Encoding": coding}) as packed:
            raw = b"".join(packed.iter_raw())
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == coding
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content)
    assert DECOMPRESS[coding](raw) == plain.content
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
