"""Clients of InfluxDB 1 and 2 write readings of devices."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from influxdb_client import InfluxDBClient as InfluxDBClient2
from influxdb_client import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from tests.api.running import Api
from tests.clients.conftest import latest

if TYPE_CHECKING:
    from influxdb import InfluxDBClient


@pytest.fixture
def version1(api: Api):
    from influxdb import InfluxDBClient

    where = urlsplit(api.url)
    client = InfluxDBClient(where.hostname, where.port, "test-pilot", api.secrets["pilot"], "zenata", timeout=60)
    yield client
    client.close()


def test_version_1_asks_and_writes(api: Api, version1: "InfluxDBClient") -> None:
    assert version1.ping()
    version1.create_database("zenata")
    assert {"name": "zenata"} in version1.get_list_database() or version1.get_list_database()
    point = {"measurement": "climate", "tags": {"device": "roof"}, "fields": {"temperature": 20.5}}
    assert version1.write_points([point, point | {"fields": {"humidity": 41.0}}])
    assert version1.write_points([point | {"time": 1_767_225_600}], time_precision="s")
    assert {20.5, 41.0} <= set(latest(api, "roof").values())


def test_version_1_receives_what_is_wrong(version1: "InfluxDBClient") -> None:
    from influxdb.exceptions import InfluxDBClientError

    point = {"measurement": "climate", "tags": {"device": "none"}, "fields": {"temperature": 20.5}}
    with pytest.raises(InfluxDBClientError, match="none"):
        version1.write_points([point])


def test_version_2_asks_and_writes(api: Api) -> None:
    with InfluxDBClient2(api.url, api.secrets["pilot"], org="zenata", timeout=60_000) as client:
        assert client.ping()
        with pytest.deprecated_call():
            assert client.health().status == "pass"
        assert client.ready().status == "ready"
        with client.write_api(write_options=SYNCHRONOUS) as write:
            write.write("zenata", record=Point("level").tag("device", "pump").field("flow", 3.5).field("on", True))
            with pytest.raises(ApiException, match="none"):
                write.write("zenata", record=Point("level").tag("device", "none").field("flow", 1.0))
    assert {3.5, 1.0} <= set(latest(api, "pump").values())
