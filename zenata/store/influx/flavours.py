"""InfluxDB 1.x, 2.x and 3.x: what is different about each, and which of them a server is.

This is the only file that imports `influxdb_client`, for the buckets of 2.x. Its batching writer is not used, as it drops
points without an exception; lines are written one request at a time, and what the server says of each is passed on.
"""

import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import influxdb_client
import msgspec
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from zenata.city.clock import format_time
from zenata.errors import StoreAwayError, StoreError
from zenata.store.influx.http import Http
from zenata.store.influx.server import Address, Cut, Server
from zenata.store.influx.sql import identifier, literal

log = logging.getLogger(__name__)

_HELP = "an InfluxDB store is named influxdb://host:8086/bucket?org=ORG, or influxdbs:// for TLS"
_NEAR = {"127.0.0.1", "::1", "localhost"}  # where packing costs more than sending
_OK, _EXISTS, _FAILED = 200, 422, 500  # status codes
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

    def write_parameters(self) -> Mapping[str, str]:
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
    """InfluxDB 2.x, whose buckets answer InfluxQL once they are mapped to a database.

    What is written goes where the database of our name leads, as queries do: after an upgrade from 1.x that is the
    bucket ``name/autogen``.
    """

    write_path = "/api/v2/write"
    bucket = ""

    def prepare(self) -> None:
        """Find the bucket that our database leads to; make the bucket, and the mapping, if there is none."""
        name, org = self.address.bucket, self.address.org
        if not (org and self.token):
            raise StoreError(f"{self.http.base} is an InfluxDB 2: {_HELP}, and the token in ZENATA_INFLUX_TOKEN")
        with self._translated(f"does not let us find or make {name!r}"), self._client() as client:
            mappings = influxdb_client.DBRPsService(client.api_client)
            buckets = client.buckets_api()
            bucket = self._mapped(mappings, buckets)
            if bucket is None:
                bucket = buckets.find_bucket_by_name(name) or self._make_bucket(buckets)
                if self._mapped(mappings, buckets) is None:  # 2.7 has one for every bucket, earlier versions do not
                    mappings.post_dbrp(
                        influxdb_client.DBRPCreate(
                            org=org, bucket_id=bucket.id, database=name, retention_policy="autogen", default=True
                        ),
                        _preload_content=False,  # what the client expects of the answer is not what every 2.x says
                    )
            self.bucket = bucket.name
        if self.bucket != name:
            log.info("the database %r of InfluxDB is its bucket %r: readings go there", name, self.bucket)

    def _mapped(
        self, mappings: influxdb_client.DBRPsService, buckets: influxdb_client.BucketsApi
    ) -> influxdb_client.Bucket | None:
        """Return the bucket that our database leads to by default, if there is one."""
        found = mappings.get_dbr_ps(org=self.address.org, db=self.address.bucket).content or []
        defaults = sorted((one for one in found if one.default), key=lambda one: bool(one.virtual))
        return buckets.find_bucket_by_id(defaults[0].bucket_id) if defaults else None

    def _make_bucket(self, buckets: influxdb_client.BucketsApi) -> influxdb_client.Bucket:
        """Return a new bucket, or the one that another process has just made."""
        try:
            return buckets.create_bucket(bucket_name=self.address.bucket, org=self.address.org)
        except ApiException as error:
            bucket = buckets.find_bucket_by_name(self.address.bucket) if error.status == _EXISTS else None
            if bucket is None:
                raise
            return bucket

    def write_parameters(self) -> Mapping[str, str]:
        """Return the parameters that say where lines go."""
        return {"bucket": self.bucket, "org": self.address.org}

    def remove(self, cuts: Sequence[Cut]) -> None:
        """Remove points."""
        with self._translated("does not remove points"), self._client() as client:
            for cut in cuts:
                predicate = f"_measurement={_quoted(cut.measurement)}"
                predicate += f" AND {cut.tag[0]}={_quoted(cut.tag[1])}" if cut.tag else ""
                start = _moment(cut.first, "1900-01-01T00:00:00Z")
                stop = _moment(cut.last, "2200-01-01T00:00:00Z")
                client.delete_api().delete(start, stop, predicate, self.bucket, self.address.org)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Turn the errors of `influxdb_client` into ours, with the server's own reason."""
        try:
            yield
        except HTTPError as error:
            raise StoreAwayError(f"InfluxDB at {self.http.base} cannot be reached: {type(error).__name__}") from error
        except (ApiException, InfluxDBError) as error:
            status = getattr(error, "status", None) or 0
            kind = StoreAwayError if status >= _FAILED else StoreError
            raise kind(f"InfluxDB at {self.http.base} {what}: {_reason(error)}") from error

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

    def write_parameters(self) -> Mapping[str, str]:
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
    with_token = http.with_headers(Authorization=f"Bearer {token}") if token and ":" not in token else http
    version = _version(with_token)
    flavour = FLAVOURS.get(version.partition(".")[0])
    if flavour is None:
        raise StoreError(f"{address.base} is no InfluxDB that we know; it says its version is {version[:40]!r}")
    server = flavour(address, http, token)
    server.prepare()
    return server


def _version(http: Http) -> str:
    """Return what a server says its version is; of a build that has none, 2 if it answers as that does."""
    version = ""
    for path in ("/ping", "/health"):
        answer = http.ask("GET", path)
        version = answer.headers.get("X-Influxdb-Version", "")
        if not version:
            try:
                version = str(msgspec.json.decode(answer.body)["version"])
            except (msgspec.DecodeError, TypeError, KeyError):
                continue
        break
    if version and not version.removeprefix("v")[:1].isdigit() and http.ask("GET", "/api/v2/setup").status == _OK:
        return "2"
    return version.removeprefix("v")


def _address(url: str) -> Address:
    """Read the URL of a store; nothing of one that may hold a secret is repeated."""
    parts = urlsplit(url)
    options = dict(item.partition("=")[::2] for item in parts.query.split("&") if item)
    if parts.username is not None or parts.password is not None or options.keys() & _SECRETS:
        raise StoreError(
            "a store's URL holds no secret: put the token into ZENATA_INFLUX_TOKEN, or into a file whose "
            "path is in ZENATA_INFLUX_TOKEN_FILE"
        )
    bucket = unquote(parts.path)[1:]
    try:
        host, port = parts.hostname, parts.port or 8086
    except ValueError:
        host, port = None, 0
    if not (host and bucket) or options.keys() - {"org"} or parts.fragment:
        raise StoreError(_HELP)
    scheme = "https" if parts.scheme == "influxdbs" else "http"
    shown = f"[{host}]" if ":" in host else host
    return Address(f"{scheme}://{shown}:{port}", bucket, unquote(options.get("org", "")), host in _NEAR)


def _reason(error: ApiException | InfluxDBError) -> str:
    """Return the server's own reason in one line."""
    body = getattr(error, "body", None)
    try:
        text = str(msgspec.json.decode(body)["message"]) if body else ""
    except (msgspec.DecodeError, TypeError, KeyError):
        text = ""
    text = text or getattr(error, "message", "") or getattr(error, "reason", "") or type(error).__name__
    return " ".join(str(text).split())[:500]


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
