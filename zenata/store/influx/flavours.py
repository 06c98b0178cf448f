"""InfluxDB 1.x, 2.x and 3.x: what is different about each, and which of them a server is.

This is the only file that imports `influxdb_client`, for the buckets of 2.x. Its batching writer is not used, as it drops
points without an exception; lines are written one request at a time, and what the server says of each is passed on.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

import influxdb_client
import msgspec
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from zenata.city.clock import format_time
from zenata.errors import StoreError
from zenata.store.influx.http import Http
from zenata.store.influx.server import Address, Cut, Server
from zenata.store.influx.sql import identifier, literal

_HELP = "an InfluxDB store is named influxdb://host:8086/bucket?org=ORG, or influxdbs:// for TLS"
_NEAR = {"127.0.0.1", "::1", "localhost"}  # where packing costs more than sending
_SECRETS = {"token", "password", "u", "p"}


class Influx1(Server):
    """InfluxDB 1.x; its token is `user:password`, if it asks for one."""

    write_path = "/write"

    def authorization(self, token: str) -> str:
        """Return the header that shows user and password."""
        return f"Basic {b64encode(token.encode()).decode()}"

    def prepare(self) -> None:
        """Make the database, whose readings stay for ever; one that is there keeps its retention."""
        self.query([f"CREATE DATABASE {identifier(self.address.bucket)}"])

    def place(self) -> Mapping[str, str]:
        """Return the parameters that say where lines go."""
        return {"db": self.address.bucket}

    def remove(self, cuts: Sequence[Cut]) -> None:
        """Remove points; whole series go from the index too."""
        self.query([self._removal(cut) for cut in cuts])

    def _removal(self, cut: Cut) -> str:
        chosen = [f"{identifier(cut.tag[0])} = {literal(cut.tag[1])}"] if cut.tag else []
        verb = "DROP SERIES FROM"
        if cut.first is not None or cut.last is not None:
            verb = "DELETE FROM"
            chosen += [f"time >= {cut.first}"] if cut.first is not None else []
            chosen += [f"time <= {cut.last}"] if cut.last is not None else []
        return f"{verb} {identifier(cut.measurement)}" + (f" WHERE {' AND '.join(chosen)}" if chosen else "")


class Influx2(Server):
    """InfluxDB 2.x, whose buckets answer InfluxQL once they are mapped to a database of the same name."""

    write_path = "/api/v2/write"

    def prepare(self) -> None:
        """Make the bucket and its mapping, if they are not there."""
        name, org = self.address.bucket, self.address.org
        if not (org and self.token):
            raise StoreError(f"{self.http.base} is an InfluxDB 2: {_HELP}, and the token in ZENATA_INFLUX_TOKEN")
        try:
            with self._client() as client:
                buckets = client.buckets_api()
                bucket = buckets.find_bucket_by_name(name) or buckets.create_bucket(bucket_name=name, org=org)
                mappings = influxdb_client.DBRPsService(client.api_client)
                if not mappings.get_dbr_ps(org=org, bucket_id=bucket.id).content:
                    mappings.post_dbrp(
                        influxdb_client.DBRPCreate(
                            org=org, bucket_id=bucket.id, database=name, retention_policy="autogen", default=True
                        ),
                        _preload_content=False,  # what the client expects of the answer is not what every 2.x says
                    )
        except (ApiException, HTTPError) as error:
            raise StoreError(f"InfluxDB at {self.http.base} does not let us make {name!r}: {_why(error)}") from error

    def place(self) -> Mapping[str, str]:
        """Return the parameters that say where lines go."""
        return {"bucket": self.address.bucket, "org": self.address.org}

    def remove(self, cuts: Sequence[Cut]) -> None:
        """Remove points."""
        try:
            with self._client() as client:
                for cut in cuts:
                    predicate = f"_measurement={_quoted(cut.measurement)}"
                    predicate += f" AND {cut.tag[0]}={_quoted(cut.tag[1])}" if cut.tag else ""
                    start, stop = (
                        _moment(cut.first, "1900-01-01T00:00:00Z"),
                        _moment(cut.last, "2200-01-01T00:00:00Z"),
                    )
                    client.delete_api().delete(start, stop, predicate, self.address.bucket, self.address.org)
        except (ApiException, HTTPError) as error:
            raise StoreError(f"InfluxDB at {self.http.base} does not remove: {_why(error)}") from error

    def _client(self) -> influxdb_client.InfluxDBClient:
        return influxdb_client.InfluxDBClient(self.http.base, self.token, org=self.address.org)


class Influx3(Server):
    """InfluxDB 3, which takes the line protocol of 2.x and the queries of 1.x, and removes nothing."""

    write_path = "/api/v2/write"
    scheme = "Bearer"
    removes = False

    def prepare(self) -> None:
        """Make the database, if it is not there."""
        body = msgspec.json.encode({"db": self.address.bucket})
        answer = self.http.ask(
            "POST", "/api/v3/configure/database", body=body, headers={"Content-Type": "application/json"}
        )
        self.expect(answer, 409)

    def place(self) -> Mapping[str, str]:
        """Return the parameters that say where lines go."""
        return {"bucket": self.address.bucket}

    def remove(self, cuts: Sequence[Cut]) -> None:
        """Refuse, as it has no way to remove points."""
        if cuts:
            raise StoreError(f"{self.http.base} is an InfluxDB 3, which cannot remove readings or dead letters")


FLAVOURS: dict[str, type[Server]] = {"1": Influx1, "2": Influx2, "3": Influx3}
"""By the first number of their version."""


def find_server(url: str, token: str | None) -> Server:
    """Ask the server of a URL what it is, and return how to speak to it; the database is made if it is not there.

    Raises
    ------
    StoreError
        If the URL does not name one, or it cannot be reached, or does not let us in.
    """
    address = _address(url)
    http = Http(address.base, {"Accept": "application/json"})
    asked = http.with_headers(Authorization=f"Bearer {token}") if token and ":" not in token else http
    version = _version(asked)
    flavour = FLAVOURS.get(version.partition(".")[0])
    if flavour is None:
        raise StoreError(f"{address.base} is no InfluxDB that we know; it says its version is {version[:40]!r}")
    server = flavour(address, http, token)
    server.prepare()
    return server


def _version(http: Http) -> str:
    """Return what a server says its version is."""
    for path in ("/ping", "/health"):
        answer = http.ask("GET", path)
        if version := answer.headers.get("X-Influxdb-Version"):
            return version.removeprefix("v")
        try:
            return str(msgspec.json.decode(answer.body)["version"]).removeprefix("v")
        except (msgspec.DecodeError, TypeError, KeyError):
            continue
    return ""


def _address(url: str) -> Address:
    """Read the URL of a store; nothing of one that may hold a secret is repeated."""
    parts = urlsplit(url)
    asked = dict(item.partition("=")[::2] for item in parts.query.split("&") if item)
    if parts.username is not None or parts.password is not None or asked.keys() & _SECRETS:
        raise StoreError(
            "a store's URL holds no secret: put the token into ZENATA_INFLUX_TOKEN, or into a file whose "
            "path is in ZENATA_INFLUX_TOKEN_FILE"
        )
    bucket = unquote(parts.path)[1:]
    try:
        host, port = parts.hostname, parts.port or 8086
    except ValueError:
        host, port = None, 0
    if not (host and bucket) or asked.keys() - {"org"} or parts.fragment:
        raise StoreError(_HELP)
    scheme = "https" if parts.scheme == "influxdbs" else "http"
    shown = f"[{host}]" if ":" in host else host
    return Address(f"{scheme}://{shown}:{port}", bucket, unquote(asked.get("org", "")), host in _NEAR)


def _why(error: Exception) -> str:
    """Return what went wrong, in a word that holds no secret."""
    return str(getattr(error, "reason", None) or type(error).__name__)


def _quoted(text: str) -> str:
    """Return a text as 2.x reads it in the predicate of a removal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _moment(time: int | None, otherwise: str) -> str:
    """Return a time [ns] as 2.x reads it."""
    if time is None:
        return otherwise
    seconds, rest = divmod(time, 10**9)
    return f"{format_time(seconds * 10**6)[:-1]}.{rest:09d}Z"
