"""Exports come whole, also over a connection that is cut."""

from io import BytesIO

import httpx
import pyarrow.parquet as pq
import pytest

from tests.client.clients import opened
from tests.client.proxy import proxy_to
from zenata_client import ExportError, ProblemError, UnreachableError
from zenata_client.calls import exports
from zenata_client.plan import Pause

DAY = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}


def content(api, **options):
    with api.client() as plain:
        return plain.get("/v1/readings", params=DAY | options).content


def done(client, **options):
    """An export that is written."""
    made = client.make_export(**DAY, **options)
    while made.state != "done":
        (made,) = (one for one in client.exports() if one.id == made.id)
    return made


def test_a_file_is_what_readings_answer_and_nothing_is_left(client, api, tmp_path):
    file = client.export(tmp_path / "air.csv", format="csv", kind="air", **DAY)
    assert file == tmp_path / "air.csv"
    answer = content(api, kind="air", format="csv")  # an export cannot know whether all its times are whole seconds
    assert file.read_bytes().replace(b".000000Z", b"Z") == answer
    assert list(tmp_path.iterdir()) == [file]
    assert client.exports() == []


def test_parquet_is_what_comes_if_nothing_is_reported(client, tmp_path):
    rows = pq.read_table(client.export(str(tmp_path / "noise.parquet"), kind="noise", **DAY))
    assert rows.num_rows == len(list(client.readings(kind="noise", **DAY)))


def test_an_export_without_rows_is_a_file_too(client, tmp_path):
    options = {"start": "2025-01-01T00:00:00Z", "end": "2025-01-02T00:00:00Z"}
    file = client.export(tmp_path / "none.csv", format="csv", **options)
    assert file.read_bytes().count(b"\n") <= 1


def file_of(api, made):
    """The bytes of an export."""
    with api.client() as plain:
        return plain.get(f"/v1/exports/{made.id}/file").content


def test_a_download_goes_on_where_the_connection_was_cut(kind, api, tmp_path):
    with proxy_to(api.url) as proxy, opened(kind, proxy.url, api.secrets["pilot"]) as client:
        made = done(client, format="csv")
        whole = file_of(api, made)
        proxy.left, proxy.passed = len(whole) // 2, 0
        file = client.download(made.id, tmp_path / "file.csv")
        assert proxy.cuts == 1
        assert proxy.passed < 1.2 * len(whole)
        client.delete_export(made.id)
    assert file.read_bytes() == whole


def test_a_program_that_was_stopped_goes_on(kind, api, tmp_path):
    with proxy_to(api.url) as proxy, opened(kind, proxy.url, api.secrets["pilot"]) as client:
        made = done(client, format="csv")
        whole = file_of(api, made)
        (tmp_path / f"file.csv.{made.id}.part").write_bytes(whole[:-100])
        proxy.passed = 0
        file = client.download(made.id, tmp_path / "file.csv")
        assert proxy.passed < len(whole) / 2
        assert file.read_bytes() == whole
        assert list(tmp_path.iterdir()) == [file]
        client.delete_export(made.id)


def test_a_file_that_is_too_long_is_no_file(client, tmp_path):
    made = done(client, format="csv", kind="noise")
    part = tmp_path / f"file.csv.{made.id}.part"
    part.write_bytes(b"x" * (made.bytes + 1))
    with pytest.raises(ExportError, match="instead of"):
        client.download(made.id, tmp_path / "file.csv")
    assert list(tmp_path.iterdir()) == []
    assert client.download(made.id, tmp_path / "file.csv").stat().st_size == made.bytes
    client.delete_export(made.id)


def test_what_cannot_be_asked_is_reported(client, tmp_path):
    with pytest.raises(ProblemError) as refused:
        client.export(tmp_path / "file.csv", kind="no-such-kind")
    assert refused.value.status == 422
    with pytest.raises(ProblemError) as refused:
        client.download("none", tmp_path / "file.csv")
    assert refused.value.type == "/problems/unknown-export"
    assert list(tmp_path.iterdir()) == []


def steps(plan, *outcomes):
    """Send a plan what comes of each of its steps; pauses need none. Return how long it waited."""
    waited, step = 0.0, next(plan)
    for outcome in outcomes:
        while isinstance(step, Pause):
            waited, step = waited + step.seconds, plan.send(None)
        try:
            step = plan.throw(outcome) if isinstance(outcome, Exception) else plan.send(outcome)
        except StopIteration:
            break
    return waited


ABOUT = {
    "id": "e1", "pilot": "p", "state": "done", "progress": 1.0, "rows": 1, "bytes": 4, "format": "csv",
    "worlds": ["zenata"], "start": DAY["start"], "end": DAY["end"], "made": DAY["end"], "expires": DAY["end"],
    "file": "/v1/exports/e1/file", "reason": None,
}  # fmt: skip


def test_a_failed_export_is_reported_with_its_reason(tmp_path):
    with pytest.raises(ExportError, match="the disk is full"):
        steps(
            exports.download("e1", tmp_path / "file"),
            httpx.Response(200, json=ABOUT | {"state": "running", "progress": 0.5}),
            httpx.Response(200, json=ABOUT | {"state": "failed", "reason": "the disk is full"}),
        )


def test_somebody_between_who_knows_no_ranges_sends_the_whole_again(tmp_path):
    (tmp_path / "file.e1.part").write_bytes(b"xy")
    answers = [httpx.Response(200, json=ABOUT), (httpx.Response(200), BytesIO()), b"ab", b"cd", b""]
    assert steps(exports.download("e1", tmp_path / "file"), *answers) == 0
    assert (tmp_path / "file").read_bytes() == b"abcd"


def test_nobody_answering_for_long_is_reported_and_what_came_stays(tmp_path):
    broken = UnreachableError("away")
    answers = [httpx.Response(200, json=ABOUT), (httpx.Response(206), None), b"ab", *[broken] * 100]
    plan = exports.download("e1", tmp_path / "file")
    with pytest.raises(UnreachableError, match="away"):
        steps(plan, *answers)
    assert (tmp_path / "file.e1.part").read_bytes() == b"ab"
