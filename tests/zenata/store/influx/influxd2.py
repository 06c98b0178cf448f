"""The administration of an InfluxDB 2.7, as it answers: virtual mappings, 422 for a bucket that is there, its reasons.

Held against a real 2.7.12; `ZENATA_TEST_INFLUX_URL` names one to run the tests of the store against.
"""

import json
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urlsplit

from tests.http_server import Handler, Server, serving

ORG, TOKEN = "zenata", "hush-hush"
_ORG_ID = "0000000000000001"


class Influxd2(Server):
    """A server with buckets and mappings.

    Parameters
    ----------
    version : str
        What it says it is.
    virtual : bool
        Whether every bucket has a virtual mapping, as from 2.7 on.
    sees_orgs : bool
        Whether the token may see organisations.
    """

    def __init__(self, version: str = "v2.7.12", *, virtual: bool = True, sees_orgs: bool = True) -> None:
        super().__init__(_Handler)
        self.version, self.virtual, self.sees_orgs = version, virtual, sees_orgs
        self.buckets: dict[str, str] = {}  # id by name
        self.mappings: list[dict[str, object]] = []
        self.written: list[tuple[str, bytes]] = []
        self.removed: list[tuple[str, dict[str, str]]] = []
        self.refusal: str | None = None  # of writes
        self.hidden: list[str] = []  # buckets that another process makes before the next listing

    def url(self, rest: str = f"city?org={ORG}") -> str:
        return f"influxdb://127.0.0.1:{self.server_port}/{rest}"

    def make(self, name: str) -> str:
        return self.buckets.setdefault(name, f"{len(self.buckets) + 10:016}")

    def map(self, database: str, bucket: str, *, default: bool = True) -> None:
        self.mappings.append(_mapping(self.buckets[bucket], database, "autogen", default=default, virtual=False))

    def mappings_of(self, database: str) -> list[dict[str, object]]:
        found = [one for one in self.mappings if one["database"] == database]
        if self.virtual:
            for name, id_ in self.buckets.items():
                of, _, policy = name.partition("/")
                if of == database and all(one["bucketID"] != id_ for one in found):
                    default = not any(one["default"] for one in found)
                    found.append(_mapping(id_, database, policy or "autogen", default=default, virtual=True))
        return found


def _mapping(bucket: str, database: str, policy: str, *, default: bool, virtual: bool) -> dict[str, object]:
    return {
        "id": f"{hash((bucket, database)) % 10**15:016}",
        "orgID": _ORG_ID,
        "bucketID": bucket,
        "database": database,
        "retention_policy": policy,
        "default": default,
        "virtual": virtual,
    }


class _Handler(Handler):
    server: Influxd2

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        path, parameters = self._path()
        if path == "/ping":
            self._answer(204, None, {"X-Influxdb-Version": self.server.version})
        elif path == "/api/v2/setup":
            self._answer(200, {"allowed": False})
        elif self.headers.get("Authorization") != f"Token {TOKEN}":
            self._answer(401, {"code": "unauthorized", "message": "unauthorized access"})
        elif path == "/api/v2/orgs":
            if parameters.get("org") == ORG and self.server.sees_orgs:
                self._answer(200, {"orgs": [{"id": _ORG_ID, "name": ORG}]})
            else:
                self._answer(
                    404, {"code": "not found", "message": f'organization name "{parameters.get("org")}" not found'}
                )
        elif path == "/api/v2/buckets":
            found = [self._bucket(name) for name in self.server.buckets if name == parameters.get("name", name)]
            self._answer(200, {"buckets": found})
        elif path.startswith("/api/v2/buckets/"):
            (name,) = [name for name, id_ in self.server.buckets.items() if id_ == path.rpartition("/")[2]]
            self._answer(200, self._bucket(name))
        elif path == "/api/v2/dbrps":
            if parameters.get("org", ORG) != ORG:
                self._answer(
                    404, {"code": "not found", "message": f'organization name "{parameters["org"]}" not found'}
                )
            else:
                self._answer(200, {"content": self.server.mappings_of(parameters["db"])})

    def do_POST(self) -> None:  # noqa: N802 - the library's name
        path, parameters = self._path()
        body = self.body()
        if path == "/api/v2/buckets":
            name = json.loads(body)["name"]
            for other in self.server.hidden:
                self.server.make(other)
            if name in self.server.buckets:
                self._answer(422, {"code": "conflict", "message": f"bucket with name {name} already exists"})
            else:
                self.server.make(name)
                self._answer(201, self._bucket(name))
        elif path == "/api/v2/dbrps":
            document = json.loads(body)
            name = next(name for name, id_ in self.server.buckets.items() if id_ == document["bucketID"])
            self.server.map(document["database"], name)
            self._answer(201, self.server.mappings[-1])
        elif path == "/api/v2/write":
            self.server.written.append((parameters["bucket"], body))
            if parameters["bucket"] not in self.server.buckets:
                self._answer(404, {"code": "not found", "message": f'bucket "{parameters["bucket"]}" not found'})
            elif self.server.refusal is not None:
                self._answer(422, {"code": "unprocessable entity", "message": self.server.refusal})
            else:
                self._answer(204, None)
        elif path == "/api/v2/delete":
            self.server.removed.append((parameters["bucket"], json.loads(body)))
            self._answer(204, None)

    def _path(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _bucket(self, name: str) -> dict[str, object]:
        return {"id": self.server.buckets[name], "orgID": _ORG_ID, "name": name, "retentionRules": []}

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.answer(status, body, {"Content-Type": "application/json", **(headers or {})})


def running(**kwargs: object) -> AbstractContextManager[Influxd2]:
    """Run one while inside."""
    return serving(Influxd2(**kwargs))
