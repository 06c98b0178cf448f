"""The HTTP application, composed from its parts."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api.context import Context, Telemetry
from api.cursors import Cursors
from api.exports.jobs import Exports
from api.live import Hub
from api.observe import Metrics, Observer
from api.openapi import Application
from api.problems import Problem, on_control_error, on_http_exception, on_problem, on_store_error, on_validation_error
from api.routes import city as city_routes
from api.routes import devices as device_routes
from api.routes import exports as export_routes
from api.routes import influx as influx_routes
from api.routes import live as live_routes
from api.routes import map as map_routes
from api.routes import messages as message_routes
from api.routes import pilots as pilot_routes
from api.routes import readings as readings_routes
from api.routes import service as service_routes
from api.routes import telemetry as telemetry_routes
from api.routes import watching as watching_routes
from api.routes import webhooks as webhook_routes
from api.routes import worlds as world_routes
from api.security import BodyLimit, protect
from api.strangers import Strangers
from api.webhooks.service import WebhookService
from api.worlds import Worlds
from zenata.broker.watch import Watcher
from zenata.city.model import City
from zenata.errors import StoreError
from zenata.pilots.audit import Audit
from zenata.pilots.budget import Budget
from zenata.pilots.devices import Devices
from zenata.pilots.register import Register
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
    watcher: Watcher | None = None,
    addresses: Callable[[], Mapping[str, str]] = dict,
    origins: Sequence[str] = (),
) -> FastAPI:
    """Return the application; `api.context.Context` explains the parameters.

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
        watcher=watcher,
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
        watching_routes,
        service_routes,
    ):
        app.include_router(routes.router)
    app.mount("/swagger", StaticFiles(packages=[("fastapi_swagger", "resources")]))
    return app
