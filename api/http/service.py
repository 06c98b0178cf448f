"""Routes for health, readiness, metrics and documentation."""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from prometheus_client import generate_latest
from starlette.concurrency import run_in_threadpool

from api.http.answers import document, respond
from api.http.asyncapi import asyncapi
from api.http.auth import authenticate
from api.http.compress import made_once
from api.http.context import ContextDep
from api.http.formats import JSON
from api.http.params import NoParams
from api.http.problems import KINDS, Problem, problem_type
from api.http.responses import responses
from zenata.city.titles import titles
from zenata.contract.base import Page
from zenata.contract.service import Health, ProblemKind

router = APIRouter(tags=["service"])

_DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self' 'sha256-{script}'; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Zenata Sandbox</title>
<h1>Zenata Sandbox</h1>
<p>The city runs, but its page has not been built here: stop it, and start it with <code>make up</code>, which builds it.</p>
<p>The API works without: <a href="/docs">try it</a>.</p>
</html>
"""
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


@router.get("/healthz", responses=responses(Health, "invalid-parameter"))
async def healthz(_: NoParams) -> Response:
    """Say that the process answers."""
    return respond(Health(status="ok"))


@router.get("/readyz", responses=responses(Health, "invalid-parameter", "not-ready"))
async def readyz(context: ContextDep, _: NoParams) -> Response:
    """Say whether requests can be served: the store can be read and ingest works. An answer is up to a second old."""
    reasons = await context.readiness.reasons()
    if reasons:
        raise Problem("not-ready", f"Not ready: {'; '.join(reasons)}. {KINDS['not-ready'].help}", reasons=reasons)
    return respond(Health(status="ok"))


@router.get(
    "/metrics",
    dependencies=[Depends(authenticate)],
    response_class=PlainTextResponse,
    responses=responses(None, "no-key", "wrong-role", "invalid-parameter"),
)
def metrics(request: Request, _: NoParams) -> Response:
    """Return counters in the text format of Prometheus; for administrators and engineers."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type="text/plain; version=0.0.4")


@router.get("/problems", responses=responses(Page[ProblemKind], "invalid-parameter"))
async def problems(_: NoParams) -> Response:
    """List the kinds of problems, each with its title in French, English and Arabic."""
    return respond(Page(items=[_about(name) for name in KINDS], next=None))


@router.get("/problems/{name}", responses=responses(ProblemKind, "unknown-route", "invalid-parameter"))
async def problem(
    name: Annotated[str, Path(description="The last word of a problem's `type`.")], _: NoParams
) -> Response:
    """Say what a kind of problem means; the `type` of every error leads here."""
    if name not in KINDS:
        raise Problem("unknown-route", f"There is no problem {name!r}. Use one of 'allowed'.", allowed=list(KINDS))
    return respond(_about(name))


def _about(name: str) -> ProblemKind:
    kind = KINDS[name]
    title = titles("problems", name, kind.title)
    return document(ProblemKind, kind, type=problem_type(name), titles=title, detail=kind.help)


@router.get("/asyncapi.json", include_in_schema=False)
async def asyncapi_document(request: Request, context: ContextDep) -> Response:
    """Return the AsyncAPI document: the topics and payloads of MQTT."""
    app = request.app
    encoded = await run_in_threadpool(_encoded_asyncapi, app.title, app.version, tuple(context.addresses().items()))
    return made_once(request, encoded, {}, JSON)


@lru_cache(maxsize=4)
def _encoded_asyncapi(title: str, version: str, addresses: tuple[tuple[str, str], ...]) -> bytes:
    """Return the document: anybody may ask for it, so it is made once."""
    return msgspec.json.encode(asyncapi(title, version, dict(addresses)))


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Show the OpenAPI document; all it loads comes from here, so that it works offline."""
    page = get_swagger_ui_html(
        openapi_url=request.app.openapi_url,
        title=request.app.title,
        swagger_js_url="/swagger/swagger-ui-bundle.js",
        swagger_css_url="/swagger/swagger-ui.css",
        swagger_favicon_url="/swagger/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": False, "tryItOutEnabled": True, "displayRequestDuration": True},
    )
    scripts = _SCRIPT.findall(bytes(page.body))
    page.headers["Content-Security-Policy"] = _DOCS_POLICY.format(
        script=b64encode(sha256(scripts[0]).digest()).decode()
    )
    return page


@router.get("/", include_in_schema=False)
async def root() -> Response:
    """Say that the page has not been built: `api.http.page` answers where it has."""
    return HTMLResponse(_NOT_BUILT)
