"""Which InfluxDB a URL names, and what is different about each. 2.x and 3.x are played by a server that knows its lines."""

import json

import pytest

from tests.zenata.store.influx.test_http import scripted
from zenata.errors import StoreError
from zenata.store.influx.flavours import FLAVOURS, Influx1, find_server
from zenata.store.influx.server import Cut

TOKEN = "hush-hush"


def played(version, *answers, headers=True):
    """Return a server that says its version, then gives answers."""
    told = {"X-Influxdb-Version": version} if headers else {}
    return scripted((200, told, json.dumps({"version": version}).encode()), *answers)


def said(content, status=200):
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def url_of(server, rest="city?org=zenata"):
    return f"influxdb://127.0.0.1:{server.server_port}/{rest}"


def test_the_server_of_the_tests_is_found_to_be_what_it_is(influxd):
    server = find_server(f"influxdb://127.0.0.1:{influxd.port}/flavour?org=none", None)
    assert type(server) is Influx1
    server.http.close()


@pytest.mark.parametrize(
    "url",
    [
        "influxdb://user:hush-hush@host/city",
        "influxdb://hush-hush@host/city",
        "influxdb://host/city?token=hush-hush",
        "influxdb://host/city?org=a&password=hush-hush",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_repeated(url):
    with pytest.raises(StoreError, match="ZENATA_INFLUX_TOKEN") as caught:
        find_server(url, None)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["influxdb://", "influxdb://host", "influxdb:///city", "influxdb://host:x/city", "influxdb://host/a?b=c"]
)
def test_a_url_names_host_and_bucket(url):
    with pytest.raises(StoreError, match=r"is named influxdb://host:8086/bucket\?org=ORG"):
        find_server(url, None)


def test_another_server_is_refused():
    with played("17.4") as server, pytest.raises(StoreError, match="no InfluxDB that we know"):
        find_server(url_of(server), None)


def test_a_token_of_version_1_is_user_and_password():
    with played("1.8.10", said({"results": []})) as server:
        find_server(url_of(server), "city:hush").http.close()
        assert "Authorization" not in server.asked[0][2]
        assert server.asked[1][2]["Authorization"] == "Basic Y2l0eTpodXNo"
        assert b"CREATE+DATABASE+%22city%22" in server.asked[1][3]


def test_version_2_has_its_bucket_and_mapping_made():
    bucket = {"id": "b1", "name": "city", "retentionRules": []}
    org = {"orgs": [{"id": "o1", "name": "zenata"}]}
    answers = [said({"buckets": []}), said(org), said(bucket, 201), said({"content": []}), said({"id": "d1"}, 201)]
    with played("v2.7.12", *answers, (204, {}, b"")) as server:
        found = find_server(url_of(server), TOKEN)
        assert type(found) is FLAVOURS["2"]
        assert found.write(b"air no2=1 1") is None
        found.remove([Cut("air", ("world", 'w"1'), 5, 1_767_268_800_000_000_001)])
        found.http.close()
        asked = [(method, path) for method, path, _, _ in server.asked]
    assert ("POST", "/api/v2/dbrps") in [(method, path.partition("?")[0]) for method, path in asked]
    assert ("POST", "/api/v2/write?bucket=city&org=zenata") in asked
    assert all(headers["Authorization"] == f"Token {TOKEN}" for _, _, headers, _ in server.asked[1:])
    removal = json.loads(server.asked[-1][3])
    assert removal["predicate"] == '_measurement="air" AND world="w\\"1"'
    assert removal["stop"] == "2026-01-01T12:00:00.000000001Z"


@pytest.mark.parametrize(("rest", "token"), [("city", TOKEN), ("city?org=zenata", None)])
def test_version_2_asks_for_org_and_token(rest, token):
    with played("v2.7.12") as server, pytest.raises(StoreError, match=r"org=ORG.*token in ZENATA_INFLUX_TOKEN"):
        find_server(url_of(server, rest), token)


def test_version_2_that_refuses_is_told_without_the_token():
    with played("v2.7.12", said({"message": "unauthorized"}, 401)) as server:
        with pytest.raises(StoreError, match="does not let us make 'city'") as caught:
            find_server(url_of(server), TOKEN)
        assert TOKEN not in str(caught.value)


def test_version_3_has_its_database_made_and_removes_nothing():
    with played("3.2.1", said({}, 409), (204, {}, b""), headers=False) as server:
        found = find_server(url_of(server), TOKEN)
        assert type(found) is FLAVOURS["3"]
        assert found.write(b"air no2=1 1") is None
        with pytest.raises(StoreError, match="cannot remove"):
            found.remove([Cut("air")])
        found.http.close()
        assert [path for _, path, _, _ in server.asked] == [
            "/ping",
            "/api/v3/configure/database",
            "/api/v2/write?bucket=city",
        ]
        assert all(headers["Authorization"] == f"Bearer {TOKEN}" for _, _, headers, _ in server.asked)


def test_a_refused_token_is_told():
    with played("3.2.1", said({"error": "no"}, 403)) as server, pytest.raises(StoreError, match="refuses our token"):
        find_server(url_of(server), TOKEN)
