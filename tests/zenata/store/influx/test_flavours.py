"""Which InfluxDB a URL names, and what is different about each. 2.x and 3.x are played by servers."""

import json
from contextlib import ExitStack

import pytest

from tests.zenata.store.influx import influxd2
from tests.zenata.store.influx.influxd2 import TOKEN
from tests.zenata.store.influx.test_http import scripted
from zenata.errors import StoreError
from zenata.store.influx.flavours import FLAVOURS, Influx1, find_server
from zenata.store.influx.server import Cut, Refusal


def played(version, *answers, headers=True):
    """Return a server that says its version, then gives answers."""
    headers_sent = {"X-Influxdb-Version": version} if headers else {}
    return scripted((200, headers_sent, json.dumps({"version": version}).encode()), *answers)


def json_answer(content, status=200):
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def url_of(server, rest="city?org=zenata"):
    return f"influxdb://127.0.0.1:{server.server_port}/{rest}"


@pytest.fixture
def connected():
    """Returns what connects to a server."""
    with ExitStack() as connections:

        def connect(server):
            found = find_server(url_of(server), TOKEN)
            connections.callback(found.http.close)
            return found

        yield connect


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
    with played("1.8.10", json_answer({"results": []})) as server:
        find_server(url_of(server), "city:hush").http.close()
        assert "Authorization" not in server.requests[0][2]
        assert server.requests[1][2]["Authorization"] == "Basic Y2l0eTpodXNo"
        assert b"CREATE+DATABASE+%22city%22" in server.requests[1][3]


@pytest.mark.parametrize("virtual", [True, False])
def test_version_2_has_its_bucket_and_mapping_made(virtual, connected):
    with influxd2.running(virtual=virtual) as server:
        found = connected(server)
        assert type(found) is FLAVOURS["2"]
        assert found.write(b"air no2=1 1") is None
        found.remove([Cut("air", ("world", 'w"1'), 5, 1_767_268_800_000_000_001)])
        assert list(server.buckets) == ["city"]
        assert [one["bucketID"] for one in server.mappings_of("city")] == [server.buckets["city"]]
        assert server.written == [("city", b"air no2=1 1")]
        ((bucket, removal),) = server.removed
    assert bucket == "city"
    assert removal["predicate"] == '_measurement="air" AND world="w\\"1"'
    assert removal["stop"] == "2026-01-01T12:00:00.000000001Z"


@pytest.mark.parametrize("other", [False, True])
def test_after_an_upgrade_from_1_readings_go_where_the_mapping_leads(other, caplog, connected):
    """The vendor's upgrade makes a bucket `city/autogen`, and a mapping of the database `city` to it."""
    caplog.set_level("INFO")
    with influxd2.running() as server:
        server.make("city/autogen")
        if other:
            server.make("city")  # readings there would be read by nobody
        server.map("city", "city/autogen")
        found = connected(server)
        assert found.write(b"air no2=1 1") is None
        found.remove([Cut("air")])
        assert server.written[0][0] == server.removed[0][0] == "city/autogen"
        assert ("city" in server.buckets) is other
    assert "is its bucket 'city/autogen'" in caplog.text


def test_a_bucket_that_another_process_makes_at_the_same_time_is_used(connected):
    with influxd2.running() as server:
        server.hidden = ["city"]
        found = connected(server)
        assert found.write(b"air no2=1 1") is None


def test_a_bucket_that_was_dropped_is_made_again(connected):
    with influxd2.running() as server:
        found = connected(server)
        del server.buckets["city"]
        assert found.write(b"air no2=1 1") is None
        assert [bucket for bucket, _ in server.written] == ["city", "city"]


@pytest.mark.parametrize(
    ("rest", "token", "settings", "reason"),
    [
        ("city?org=nobody", TOKEN, {}, 'organization name "nobody" not found'),
        ("city?org=zenata", TOKEN, {"sees_orgs": False}, "cannot find organization with name: 'zenata'"),
        ("city?org=zenata", "wrong-one", {}, "unauthorized access"),
    ],
)
def test_why_version_2_refuses_is_reported_in_its_own_words(rest, token, settings, reason):
    with influxd2.running(**settings) as server, pytest.raises(StoreError, match=reason) as caught:
        find_server(server.url(rest), token)
    assert token not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_build_without_a_version_is_known_by_how_it_answers(connected):
    with influxd2.running(version="dev") as server:
        found = connected(server)
        assert type(found) is FLAVOURS["2"]


@pytest.mark.parametrize(
    ("reason", "expired"),
    [
        ("partial write: points beyond retention policy dropped=2", 2),
        (
            "failure writing points to database: partial write: dropped 17 points outside retention policy of duration 1h",
            17,
        ),
        ('partial write: field type conflict: input field "v" on measurement "m" is type string dropped=1', 0),
    ],
)
def test_how_many_lines_are_too_old_is_read_from_the_refusal(reason, expired, connected):
    with influxd2.running() as server:
        found = connected(server)
        server.refusal = reason
        assert found.write(b"air no2=1 1") == Refusal(reason, expired)


@pytest.mark.parametrize(("rest", "token"), [("city", TOKEN), ("city?org=zenata", None)])
def test_version_2_asks_for_org_and_token(rest, token):
    with played("v2.7.12") as server, pytest.raises(StoreError, match=r"org=ORG.*token in ZENATA_INFLUX_TOKEN"):
        find_server(url_of(server, rest), token)


def test_version_3_has_its_database_made_and_removes_nothing(connected):
    with played("3.2.1", json_answer({}, 409), (204, {}, b""), headers=False) as server:
        found = connected(server)
        assert type(found) is FLAVOURS["3"]
        assert found.write(b"air no2=1 1") is None
        with pytest.raises(StoreError, match="cannot remove"):
            found.remove([Cut("air")])
        assert [path for _, path, _, _ in server.requests] == [
            "/ping",
            "/api/v3/configure/database",
            "/api/v2/write?bucket=city",
        ]
        assert all(headers["Authorization"] == f"Bearer {TOKEN}" for _, _, headers, _ in server.requests)


def test_a_refused_token_is_reported():
    with (
        played("3.2.1", json_answer({"error": "no"}, 403)) as server,
        pytest.raises(StoreError, match="refuses our token"),
    ):
        find_server(url_of(server), TOKEN)
