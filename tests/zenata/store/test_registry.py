import pytest

from tests.zenata.store.influxd import OTHER, other_url, token_of
from zenata.errors import StoreError
from zenata.store import open_store
from zenata.store.registry import SCHEMES


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("duckdb:///data/city.duckdb", "data/city.duckdb"),
        ("duckdb:///{folder}/city.duckdb", "city.duckdb"),
        ("duckdb:///la%20ferme%3F.duckdb", "la ferme?.duckdb"),
    ],
    ids=["from the working folder", "from the root", "percent-encoded"],
)
def test_a_url_names_a_path(tmp_path, monkeypatch, url, file):
    monkeypatch.chdir(tmp_path)
    open_store(url.format(folder=tmp_path)).close()
    assert (tmp_path / file).is_file()


@pytest.mark.parametrize("url", ["duckdb:", "duckdb://", "duckdb:///", "duckdb://host/city.duckdb"])
def test_a_duckdb_url_names_a_path_and_nothing_else(url):
    with pytest.raises(StoreError, match="is named duckdb:///relative/path or duckdb:////absolute/path"):
        open_store(url)


@pytest.mark.parametrize("url", ["", "city.duckdb", "/data/city.duckdb", "oracle://user:secret@host/city"])
def test_other_urls_are_refused_naming_the_known(url):
    with pytest.raises(StoreError, match=r"known are .*duckdb://") as refusal:
        open_store(url)
    assert "secret" not in str(refusal.value)
    assert all(f"{scheme}://" in str(refusal.value) for scheme in SCHEMES)


def test_a_server_of_the_environment_gets_a_database_of_this_run(tmp_path, monkeypatch):
    assert other_url("x", {}) is None
    assert other_url("x", {OTHER: ""}) is None
    url = other_url("x", {OTHER: "influxdb://influx.example:8086/?org=saz"})
    assert url.startswith("influxdb://influx.example:8086/zenata-test-")
    assert url.endswith("-x?org=saz")
    (tmp_path / "token").write_text("secret")
    monkeypatch.setenv("ZENATA_INFLUX_TOKEN_FILE", str(tmp_path / "token"))
    assert (token_of(url), token_of("influxdb://127.0.0.1:8086/x")) == ("secret", None)
