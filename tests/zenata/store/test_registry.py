import pytest

from tests.zenata.store.influxd import OTHER, other_url, token_of
from zenata.errors import StoreError
from zenata.store import open_store
from zenata.store.registry import SCHEMES


def test_three_slashes_name_a_path_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_store("duckdb:///data/city.duckdb").close()
    assert (tmp_path / "data" / "city.duckdb").is_file()


def test_four_slashes_name_a_path_from_the_root(tmp_path):
    open_store(f"duckdb:///{tmp_path}/city.duckdb").close()
    assert (tmp_path / "city.duckdb").is_file()


def test_a_path_may_be_percent_encoded(tmp_path):
    open_store(f"duckdb:///{tmp_path}/la%20ferme%3F.duckdb").close()
    assert (tmp_path / "la ferme?.duckdb").is_file()


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
