"""The OpenAPI document, made from the routes."""

import inspect
from http import HTTPStatus
from threading import Lock
from typing import Any

import msgspec
from anyio import to_thread
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response

from api.http.asyncapi import LICENSE, NAMES
from api.http.bodies import Reader
from api.http.compress import made_once
from api.http.formats import JSON, is_known, weak_tag
from api.http.responses import SCHEMAS, responses

_DESCRIPTION = """
The simulated city of Zenata: its districts and sensors, their readings now and in the past; and private worlds, in which its
devices can be commanded and events injected.

Send a key as `Authorization: Bearer zk_...`; without one that is known, a body has up to 64 KiB. Times are RFC 3339 in
UTC, and of the world, whose clock need not be the wall's. Errors are `application/problem+json` (RFC 9457) and say what
to do.
"""

_TAGS = {
    "city": "Districts, kinds and sensors.",
    "readings": "Readings of sensors and devices: latest, history, live.",
    "worlds": "Worlds of one's own: their clocks, events and commands.",
    "trials": "Trials of services against a city that knows the truth: challenges, steps, answers, scores.",
    "devices": "Devices that pilots bring, and their telemetry.",
    "exports": "Queries of any size, as files.",
    "webhooks": "Addresses to which events are delivered.",
    "messages": "The ledger of messages, and dead letters.",
    "pilots": "Pilots, keys, rights, quotas, and the audit log.",
    "service": "Health, metrics and documentation.",
}


class Application(FastAPI):
    """A FastAPI whose document also holds the shape of errors, and calls each route by what it does."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of FastAPI
        self._document: tuple[bytes, str] | None = None  # with its entity tag
        self._making = Lock()
        super().__init__(
            title="Zenata Sandbox",
            version="1",
            description=inspect.cleandoc(_DESCRIPTION),
            license_info=LICENSE,
            servers=[{"url": "/"}],
            openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
            docs_url=None,
            redoc_url=None,
            telemetry={"tracing": False, "metrics": False, "logs": False},  # it asks for a provider at every request
            **options,
        )

    def setup(self) -> None:
        """Serve the OpenAPI document as bytes that are made once: it has 300 kB, and anybody may ask for it."""
        self.add_route(str(self.openapi_url), self._openapi_document, include_in_schema=False)

    async def _openapi_document(self, request: Request) -> Response:
        made = self._document
        body, tag = made if made is not None else await to_thread.run_sync(self.make_document)
        headers = {"Cache-Control": "public, max-age=300", "ETag": tag}
        if is_known(request.headers, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return made_once(request, body, headers, JSON)

    def make_document(self) -> tuple[bytes, str]:
        """Return the OpenAPI document and its entity tag, made at the first call: that takes up to a second."""
        with self._making:
            if self._document is None:
                body = msgspec.json.encode(self.openapi())
                self._document = body, weak_tag(body)
            return self._document

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        document = super().openapi()
        for route in iter_route_contexts(self.routes):
            if isinstance(route.original_route, APIRoute) and (type_ := _body(route.original_route.dependant)):
                content = {JSON: {"schema": SCHEMAS.reference(type_)}}
                for method in route.methods or ():
                    operation = document["paths"][route.path][method.lower()]
                    operation["requestBody"] = {"required": True, "content": content}
        document["components"].setdefault("schemas", {}).update(SCHEMAS.components())
        for operation in (one for path in document["paths"].values() for one in path.values()):
            operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
            if "requestBody" in operation:
                operation["responses"].setdefault("413", responses(None, "body-too-large")[413])
            for parameter in operation.get("parameters", ()):
                if "description" not in parameter:  # of a path: the names are those of topics
                    parameter["description"] = NAMES[parameter["name"]]
        return document


def _body(dependant: Dependant) -> type | None:
    """Return the struct of the body that a route reads."""
    readers = (one.call for one in dependant.dependencies)
    return next((reader.type for reader in readers if isinstance(reader, Reader)), None)
