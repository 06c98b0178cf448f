"""The HTTP application, composed from its parts."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api.city import map as map_routes
from api.city import routes as city_routes
from api.compat import influx as influx_routes
from api.devices import routes as device_routes
from api.devices import telemetry_routes
from api.exports import routes as export_routes
from api.exports.jobs import Exports
from api.http import service as service_routes
from api.http.context import Context, Telemetry
from api.http.cursors import Cursors
from api.http.metrics import Metrics, Observer
from api.http.openapi import Application
from api.http.problems import (
    Problem,
    on_control_error,
    on_http_exception,
    on_problem,
    on_store_error,
    on_validation_error,
)
from api.http.security import BodyLimit, protect
from api.http.strangers import Strangers
from api.live import routes as live_routes
from api.live.hub import Hub
from api.messages import routes as message_routes
from api.pilots import monitoring_routes
from api.pilots import routes as pilot_routes
from api.readings import routes as readings_routes
from api.webhooks import routes as webhook_routes
from api.webhooks.service import WebhookService
from api.worlds import routes as world_routes
from api.worlds.worlds import Worlds
from zenata.broker.monitor import BrokerMonitor
from zenata.city.model import City
from zenata.control.audit import Audit
from zenata.control.budget import Budget
from zenata.control.devices import Devices
from zenata.control.register import Register
from zenata.errors import StoreError
from zenata.store.base import Store


def create_app(
    *,
    city: City,
    store: Store,
    register: Register,
    audit: Audit,
    budget: Budget,
    hub: Hub,
    worlds: Worlds,
    devices: Devices,
    telemetry: Telemetry,
    exports: Exports,
    webhooks: WebhookService,
    cursors: Cursors,
    ready: Callable[[], list[str]] = list,
    counters: Callable[[], Mapping[str, float]] = dict,
    replay: Callable[[], tuple[int, int]] = lambda: (0, 0),
    monitor: BrokerMonitor | None = None,
    addresses: Callable[[], Mapping[str, str]] = dict,
    origins: Sequence[str] = (),
) -> FastAPI:
    """Return the application; `api.http.context.Context` explains the parameters.

    `origins` are those whose pages may ask: of the others, browsers let none read an answer.
    """
    app = Application(
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_http_exception,
            RequestValidationError: on_validation_error,
            StoreError: on_store_error,
            SQLAlchemyError: on_control_error,
        },
    )
    app.state.context = Context(
        city=city,
        store=store,
        register=register,
        audit=audit,
        budget=budget,
        hub=hub,
        worlds=worlds,
        devices=devices,
        telemetry=telemetry,
        exports=exports,
        webhooks=webhooks,
        cursors=cursors,
        ready=ready,
        counters=counters,
        replay=replay,
        monitor=monitor,
        addresses=addresses,
    )
    app.state.metrics = Metrics(hub, store, counters)
    app.add_middleware(BodyLimit)  # the innermost; the last one added is the first that a request meets
    app.add_middleware(Strangers, context=app.state.context)
    app.add_middleware(Observer, metrics=app.state.metrics, context=app.state.context)
    protect(app, origins)
    for routes in (
        city_routes,
        map_routes,
        readings_routes,
        live_routes,
        world_routes,
        device_routes,
        telemetry_routes,
        influx_routes,
        export_routes,
        webhook_routes,
        message_routes,
        pilot_routes,
        monitoring_routes,
        service_routes,
    ):
        app.include_router(routes.router)
    app.mount("/swagger", StaticFiles(packages=[("fastapi_swagger", "resources")]))
    return app
