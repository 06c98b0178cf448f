"""`AsyncClient`: every call as a method that is awaited."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, closing, suppress
from functools import partial
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx

from zenata_client import calls
from zenata_client.errors import unreachable
from zenata_client.plan import Flow, Give, Open, Pause, Plan, Read, Send, Step
from zenata_client.session import method_of, options, request, single

P = ParamSpec("P")
T = TypeVar("T")


def _one(call: Callable[P, Plan[T]]) -> Callable[Concatenate["AsyncClient", P], Awaitable[T]]:
    """Return the method that carries out a plan."""

    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        async with aclosing(self._steps(single(call(*args, **kwargs)))) as items:
            return await anext(items)

    return method_of(method, call, is_async=True, many=False)


def _many(call: Callable[P, Flow[T]]) -> Callable[Concatenate["AsyncClient", P], AsyncGenerator[T, None]]:
    """Return the method that gives what a flow gives."""

    def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T, None]:
        return self._steps(call(*args, **kwargs))

    return method_of(method, call, is_async=True, many=True)


class AsyncClient:
    """As `Client`, for asyncio: an asynchronous context manager whose calls are awaited.

    Parameters
    ----------
    url, key : str, optional
        As there.

    Raises
    ------
    SetupError
        As there.
    """

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        self._http = httpx.AsyncClient(**options(url, key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _steps(self, flow: Flow[T]) -> AsyncGenerator[T, None]:
        """Carry a plan out, and yield what it gives."""
        go = partial(next, flow)
        with closing(flow), suppress(StopIteration):
            async with AsyncExitStack() as opened:
                while True:
                    step = go()
                    if isinstance(step, Give):
                        yield step.item
                        go = partial(next, flow)
                        continue
                    try:
                        go = partial(flow.send, await self._do(step, opened))
                    except httpx.RequestError as error:
                        go = partial(flow.throw, unreachable(error))

    async def _do(self, step: Step, opened: AsyncExitStack) -> object:
        match step:
            case Send():
                return await self._http.request(**request(step))
            case Open(send):
                await opened.aclose()
                response = await opened.enter_async_context(self._http.stream(**request(send)))
                if response.is_error:
                    await response.aread()
                return response, response.aiter_raw()
            case Read(chunks):
                return await anext(chunks, b"")
            case Pause(seconds):
                await asyncio.sleep(seconds)
                return None

    city = _one(calls.city.city)
    districts = _one(calls.city.districts)
    kinds = _one(calls.city.kinds)
    sensors = _one(calls.city.sensors)
    sensor = _one(calls.city.sensor)
    map = _one(calls.city.map)
    buildings = _one(calls.city.buildings)
    land = _one(calls.city.land)
    streets = _one(calls.city.streets)
    network = _one(calls.city.network)
    latest = _one(calls.city.latest)
    readings = _many(calls.city.readings)
    arrow = _one(calls.frames.arrow)
    pandas = _one(calls.frames.pandas)
    polars = _one(calls.frames.polars)
    export = _one(calls.exports.export)
    exports = _one(calls.exports.exports)
    make_export = _one(calls.exports.make_export)
    download = _one(calls.exports.download)
    delete_export = _one(calls.exports.delete_export)
    stream = _many(calls.stream.stream)
    devices = _one(calls.devices.devices)
    device = _one(calls.devices.device)
    add_device = _one(calls.devices.add_device)
    change_device = _one(calls.devices.change_device)
    remove_device = _one(calls.devices.remove_device)
    send = _one(calls.devices.send)
    worlds = _one(calls.worlds.worlds)
    world = _one(calls.worlds.world)
    make_world = _one(calls.worlds.make_world)
    fork_world = _one(calls.worlds.fork_world)
    delete_world = _one(calls.worlds.delete_world)
    set_clock = _one(calls.worlds.set_clock)
    advance = _one(calls.worlds.advance)
    backfill = _one(calls.worlds.backfill)
    record = _one(calls.worlds.record)
    truth = _one(calls.worlds.truth)
    event_types = _one(calls.worlds.event_types)
    scenarios = _one(calls.worlds.scenarios)
    add_event = _one(calls.worlds.add_event)
    end_event = _one(calls.worlds.end_event)
    send_crew = _one(calls.worlds.send_crew)
    crews = _one(calls.worlds.crews)
    reveal = _one(calls.worlds.reveal)
    events = _one(calls.worlds.events)
    command = _one(calls.worlds.command)
    command_all = _one(calls.worlds.command_all)
    command_outcome = _one(calls.worlds.command_outcome)
    trial = _many(calls.trials.trial)
    challenges = _one(calls.trials.challenges)
    challenge = _one(calls.trials.challenge)
    begin_trial = _one(calls.trials.begin_trial)
    trials = _one(calls.trials.trials)
    show_trial = _one(calls.trials.show_trial)
    cancel_trial = _one(calls.trials.cancel_trial)
    make_step = _one(calls.trials.make_step)
    answer_trial = _one(calls.trials.answer_trial)
    trial_receipt = _one(calls.trials.trial_receipt)
    leaderboard = _one(calls.trials.leaderboard)
    compare = _one(calls.trials.compare)
    webhooks = _one(calls.webhooks.webhooks)
    webhook = _one(calls.webhooks.webhook)
    add_webhook = _one(calls.webhooks.add_webhook)
    change_webhook = _one(calls.webhooks.change_webhook)
    remove_webhook = _one(calls.webhooks.remove_webhook)
    new_secret = _one(calls.webhooks.new_secret)
    test_webhook = _one(calls.webhooks.test_webhook)
    deliveries = _one(calls.webhooks.deliveries)
    retry_delivery = _one(calls.webhooks.retry_delivery)
    ledger = _one(calls.messages.ledger)
    accounts = _one(calls.messages.accounts)
    dead_letters = _one(calls.messages.dead_letters)
    replay_dead_letters = _one(calls.messages.replay_dead_letters)
    me = _one(calls.pilots.me)
    my_activity = _one(calls.pilots.my_activity)
    pilots = _one(calls.pilots.pilots)
    pilot = _one(calls.pilots.pilot)
    add_pilot = _one(calls.pilots.add_pilot)
    change_pilot = _one(calls.pilots.change_pilot)
    suspend_pilot = _one(calls.pilots.suspend_pilot)
    resume_pilot = _one(calls.pilots.resume_pilot)
    activity = _one(calls.pilots.activity)
    all_activity = _one(calls.pilots.all_activity)
    alerts = _one(calls.pilots.alerts)
    acknowledge_alert = _one(calls.pilots.acknowledge_alert)
    audit = _one(calls.pilots.audit)
    keys = _one(calls.pilots.keys)
    find_keys = _one(calls.pilots.find_keys)
    add_key = _one(calls.pilots.add_key)
    rotate_key = _one(calls.pilots.rotate_key)
    revoke_key = _one(calls.pilots.revoke_key)
    budget = _one(calls.pilots.budget)
    enter_budget = _one(calls.pilots.enter_budget)
