"""Exports: asked for, watched, fetched in parts, and seen by nobody else."""

import pyarrow.parquet as pq
import pytest

from api.exports.jobs import MAX_EXPORTS
from tests.api.documents import conforming
from tests.api.running import MINUTES, Api, batch_of, private_world, running, series_of
from tests.waiting import wait_until
from zenata.contract.base import Page
from zenata.contract.exports import Export

WHOLE = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T02:00:00Z"}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    private_world(folder, "w-foreign", "ben")
    with running(worlds=folder) as api:
        api.store.append(batch_of(series_of(api.city), range(MINUTES)))
        yield api


def done(api: Api, role: str = "pilot", **members: object) -> Export:
    """Ask for an export and wait until it is written."""
    with api.client(role) as client:
        answer = client.post("/v1/exports", json=WHOLE | members)
        assert answer.status_code == 202, answer.text
        path = f"/v1/exports/{answer.json()['id']}"
        wait_until(lambda: client.get(path).json()["state"] == "done", "it is written")
        return conforming(client.get(path).json(), Export)


def test_a_file_is_what_readings_answer(api):
    export = done(api, format="csv", kind="air")
    assert (export.progress, export.rows) == (1.0, MINUTES * 10)
    with api.client() as client:
        file = client.get(export.file)
        assert file.headers["content-type"].startswith("text/csv")
        assert f'filename="{export.id}.csv"' in file.headers["content-disposition"]
        answer = client.get("/v1/readings", params=WHOLE | {"kind": "air", "format": "csv"}).content
        assert (
            file.content.replace(b".000000Z", b"Z") == answer
        )  # a file has one form of time, whatever comes later in it
        assert len(file.content) == export.bytes


def test_aggregates_come_too(api, tmp_path):
    export = done(api, every="1h", agg="max,count", property=["pm25", "no2"])
    with api.client() as client:
        file = tmp_path / "file.parquet"
        file.write_bytes(client.get(export.file).content)
    table = pq.read_table(file)
    assert table.num_rows == export.rows == 2 * 2 * 2  # hours, sensors, properties
    assert set(table["count"].to_pylist()) == {60}


def test_a_broken_download_goes_on(api):
    export = done(api)
    with api.client() as client:
        whole = client.get(export.file)
        first = client.get(export.file, headers={"Range": "bytes=0-99"})
        rest = client.get(export.file, headers={"Range": "bytes=100-", "If-Range": whole.headers["etag"]})
        assert (first.status_code, rest.status_code) == (206, 206)
        assert first.content + rest.content == whole.content
        assert client.get(export.file, headers={"Range": "bytes=99999999-"}).status_code == 416


def test_a_pilot_sees_its_own_and_no_others(api):
    own, foreign = done(api), done(api, "admin")
    with api.client() as pilot, api.client("engineer") as engineer, api.client("guest") as guest:
        mine = conforming(pilot.get("/v1/exports").json(), Page[Export])
        assert own.id in {one.id for one in mine.items}
        assert {one.pilot for one in mine.items} == {"test-pilot"}
        assert {one["pilot"] for one in engineer.get("/v1/exports").json()["items"]} == {"test-pilot", "test-admin"}
        assert guest.get("/v1/exports").json()["items"] == []
        for path in (f"/v1/exports/{foreign.id}", f"/v1/exports/{foreign.id}/file"):
            other = pilot.get(path)
            none = pilot.get(path.replace(foreign.id, "x-0"))
            assert other.status_code == none.status_code == 404
            assert other.json()["detail"].replace(foreign.id, "x-0") == none.json()["detail"]
        assert pilot.delete(f"/v1/exports/{foreign.id}").status_code == 404
        assert engineer.get(foreign.file).status_code == 200


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"format": "json"}, "format"),
        ({"kind": "airs"}, "kind"),
        ({"kind": "air,,noise"}, "kind"),
        ({"end": "soon"}, "end"),
        ({"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "start"),
        ({"limit": 5}, "limit"),
        ({"every": "0s"}, "every"),
        ([], "body"),
        (7, "body"),
    ],
)
def test_what_means_nothing_is_refused(api, body, parameter):
    with api.client() as pilot:
        answer = pilot.post("/v1/exports", json=body)
        assert answer.status_code == 422
        assert answer.json()["parameter"] == parameter


def test_deleting_makes_room_for_another(api):
    with api.client("engineer") as engineer:
        ids = [engineer.post("/v1/exports", json=WHOLE).json()["id"] for _ in range(MAX_EXPORTS)]
        full = engineer.post("/v1/exports", json=WHOLE)
        assert (full.status_code, full.json()["type"]) == (409, "/problems/export-limit")
        assert engineer.delete(f"/v1/exports/{ids[0]}").status_code == 204
        assert engineer.get(f"/v1/exports/{ids[0]}").status_code == 404
        assert engineer.post("/v1/exports", json=WHOLE).status_code == 202


def test_a_full_disk_names_no_path_to_a_pilot_and_the_log_says_what_failed(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/secret/folder/export.json")

    monkeypatch.setattr("api.exports.jobs.Exports._save", full)
    with api.client() as client:
        answer = client.post("/v1/exports", json={"kind": "air", "start": "-1h"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
    assert "/secret" not in answer.text
    assert "POST /v1/exports of test-pilot failed: store-unavailable" in caplog.text
