"""The HTTP application, composed from its parts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api.city import map as map_routes
from api.city import networks as network_routes
from api.city import routes as city_routes
from api.compat import influx as influx_routes
from api.devices import routes as device_routes
from api.devices import telemetry_routes
from api.exports import routes as export_routes
from api.http import service as service_routes
from api.http.auth import FreshKeys
from api.http.body_limit import BodyLimit
from api.http.compress import Compression
from api.http.context import Context
from api.http.frequent import FrequentReads
from api.http.methods import Methods
from api.http.metrics import Metrics, Observer
from api.http.openapi import Application
from api.http.page import Page
from api.http.problems import (
    Problem,
    answering,
    on_control_error,
    on_http_exception,
    on_problem,
    on_store_error,
    on_validation_error,
)
from api.http.rights import check_complete
from api.http.security import protect
from api.http.zones import AssumedZone
from api.live import frame_routes
from api.live import routes as live_routes
from api.messages import routes as message_routes
from api.pilots import console_routes, monitoring_routes, session_routes
from api.pilots import routes as pilot_routes
from api.pilots.history import Watch
from api.pilots.monitoring import findings
from api.readings import routes as readings_routes
from api.trials import edition_routes, scorecard_routes
from api.trials import routes as trial_routes
from api.webhooks import routes as webhook_routes
from api.webhooks.alerts import AlertDeliverer
from api.webhooks.webhook import WebhookError
from api.worlds import catalog as catalog_routes
from api.worlds import routes as world_routes
from zenata.city.clock import WallClock
from zenata.control.device import DeviceError
from zenata.control.peers import leads
from zenata.control.pilot import PilotError
from zenata.errors import StoreError, TrialError

_MAX_THREADS = 1_000  # more than all pools together ever use


def create_app(context: Context, origins: Sequence[str] = (), page: Path | None = None) -> Application:
    """Return the application.

    Parameters
    ----------
    context : Context
        The parts it works with.
    origins : sequence of str
        Whose pages may ask: of the others, browsers let none read an answer.
    page : Path or None
        Folder of the built page, if not where it usually is.
    """
    app = Application(
        lifespan=_lifespan,
        redirect_slashes=False,  # it would lead to the host that the request names
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_http_exception,
            RequestValidationError: on_validation_error,
            StoreError: on_store_error,
            SQLAlchemyError: on_control_error,
            PilotError: answering(pilot_routes.problem_of),
            DeviceError: answering(device_routes.problem_of),
            WebhookError: answering(webhook_routes.problem_of),
            TrialError: answering(trial_routes.problem_of),
        },
    )
    app.state.context = context
    app.state.metrics = Metrics(context)
    # The innermost first: the last one added is the first that a request meets.
    app.add_middleware(Page, folder=page)
    app.add_middleware(Methods, open_to_pages=bool(origins))
    app.add_middleware(AssumedZone)
    app.add_middleware(BodyLimit, context=context)
    app.add_middleware(Compression)
    app.add_middleware(Observer, metrics=app.state.metrics, context=context)
    app.add_middleware(FreshKeys, context=context)
    protect(app, origins)
    for routes in (
        city_routes,
        map_routes,
        network_routes,
        readings_routes,
        frame_routes,
        live_routes,
        world_routes,
        catalog_routes,
        trial_routes,
        edition_routes,
        scorecard_routes,
        device_routes,
        telemetry_routes,
        influx_routes,
        export_routes,
        webhook_routes,
        message_routes,
        pilot_routes,
        monitoring_routes,
        console_routes,
        session_routes,
        service_routes,
    ):
        app.router.routes += routes.router.routes  # to include the router would prepare each route once more
    app.router.routes += trial_routes.waiting.routes
    app.router.routes.insert(0, FrequentReads(app.routes))
    check_complete(app)
    app.mount("/swagger", StaticFiles(packages=[("fastapi_swagger", "resources")]))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Watch the pilots, and let the pools of the context bound how many threads work, not one number for all of them."""
    context: Context = app.state.context
    to_thread.current_default_thread_limiter().total_tokens = _MAX_THREADS
    deliverer = AlertDeliverer(context.webhooks.register, context.register.is_staff, WallClock())
    watch = Watch(
        context.history, context.alerts, partial(findings, context), deliverer.deliver, partial(leads, context.peers)
    )
    watch.start()
    try:
        yield
    finally:
        await to_thread.run_sync(watch.close)
