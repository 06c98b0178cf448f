"""Methods of `Client` and `AsyncClient`: every call, listed once."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import cache
from inspect import Parameter, signature
from typing import Any, Generic, ParamSpec, TypeVar, get_args, overload

from zenata_client import calls
from zenata_client.parameters import limit_of
from zenata_client.plan import Flow, Give, Plan

P = ParamSpec("P")
T = TypeVar("T")


class Call(Generic[P, T]):
    """A method that carries out a plan: it blocks in a `Client`, and is awaited in an `AsyncClient`."""

    def __init__(self, plan: Callable[P, Plan[T]]) -> None:
        self._plan = plan

    @overload
    def __get__(self, client: AbstractContextManager[Any], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AbstractAsyncContextManager[Any], owner: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """Return the method of a client, or of a class of clients."""
        method = _method(self._plan, owner, many=False)
        return method if client is None else method.__get__(client, owner)


class Items(Generic[P, T]):
    """A method that yields the items of a flow, in an `AsyncClient` asynchronously."""

    def __init__(self, flow: Callable[P, Flow[T]]) -> None:
        self._flow = flow

    @overload
    def __get__(self, client: AbstractContextManager[Any], owner: type) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(
        self, client: AbstractAsyncContextManager[Any], owner: type
    ) -> Callable[P, AsyncGenerator[T, None]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """Return the method of a client, or of a class of clients."""
        method = _method(self._flow, owner, many=True)
        return method if client is None else method.__get__(client, owner)


@cache
def _method(call: Callable[..., Any], owner: type, *, many: bool) -> Any:  # noqa: ANN401 - a function
    """Return the function of a class of clients, with the name, docstring and signature of a call."""
    plain = signature(call)

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - of either client
        try:
            bound = plain.bind(*args, **kwargs)  # else a misspelt name would be one of those that are unpacked
        except TypeError as error:
            raise TypeError(f"{call.__name__}() {error}") from None
        if "limit" in bound.arguments:
            bound.arguments["limit"] = limit_of(bound.arguments["limit"])
            args, kwargs = bound.args, bound.kwargs
        return self._steps(call(*args, **kwargs)) if many else self._first(_single(call(*args, **kwargs)))

    method.__name__, method.__doc__ = call.__name__, call.__doc__
    method.__qualname__ = f"{owner.__name__}.{call.__name__}"
    me = Parameter("self", Parameter.POSITIONAL_ONLY)
    result = get_args(plain.return_annotation)[0 if many else 2]
    if many:  # of `Flow[T]`, whose steps give a T now and then
        iterator = AsyncIterator if hasattr(owner, "__aenter__") else Iterator
        result = iterator[get_args(get_args(result)[-1])[0]]
    result = getattr(result, "__forward_arg__", result)  # of a library that is not imported
    vars(method)["__signature__"] = plain.replace(parameters=[me, *plain.parameters.values()], return_annotation=result)
    return method


def _single(plan: Plan[T]) -> Flow[T]:
    """Return a plan as a flow that gives its one result."""
    yield Give((yield from plan))


class Methods:
    """The calls, in the order of the documents."""

    city = Call(calls.city.city)
    districts = Call(calls.city.districts)
    kinds = Call(calls.city.kinds)
    sensors = Call(calls.city.sensors)
    sensor = Call(calls.city.sensor)
    map = Call(calls.city.map)
    buildings = Call(calls.city.buildings)
    land = Call(calls.city.land)
    streets = Call(calls.city.streets)
    network = Call(calls.city.network)
    latest = Call(calls.city.latest)
    readings = Items(calls.city.readings)
    arrow = Call(calls.frames.arrow)
    pandas = Call(calls.frames.pandas)
    polars = Call(calls.frames.polars)
    export = Call(calls.exports.export)
    exports = Call(calls.exports.exports)
    make_export = Call(calls.exports.make_export)
    download = Call(calls.exports.download)
    delete_export = Call(calls.exports.delete_export)
    stream = Items(calls.stream.stream)
    devices = Call(calls.devices.devices)
    device = Call(calls.devices.device)
    add_device = Call(calls.devices.add_device)
    change_device = Call(calls.devices.change_device)
    remove_device = Call(calls.devices.remove_device)
    send = Call(calls.devices.send)
    worlds = Call(calls.worlds.worlds)
    world = Call(calls.worlds.world)
    hosts = Call(calls.worlds.hosts)
    make_world = Call(calls.worlds.make_world)
    fork_world = Call(calls.worlds.fork_world)
    delete_world = Call(calls.worlds.delete_world)
    set_clock = Call(calls.worlds.set_clock)
    advance = Call(calls.worlds.advance)
    backfill = Call(calls.worlds.backfill)
    record = Call(calls.worlds.record)
    truth = Call(calls.worlds.truth)
    event_types = Call(calls.worlds.event_types)
    scenarios = Call(calls.worlds.scenarios)
    add_event = Call(calls.worlds.add_event)
    end_event = Call(calls.worlds.end_event)
    send_crew = Call(calls.worlds.send_crew)
    crews = Call(calls.worlds.crews)
    reveal = Call(calls.worlds.reveal)
    events = Call(calls.worlds.events)
    command = Call(calls.worlds.command)
    command_all = Call(calls.worlds.command_all)
    command_outcome = Call(calls.worlds.command_outcome)
    trial = Items(calls.trials.trial)
    challenges = Call(calls.trials.challenges)
    challenge = Call(calls.trials.challenge)
    begin_trial = Call(calls.trials.begin_trial)
    trials = Call(calls.trials.trials)
    show_trial = Call(calls.trials.show_trial)
    cancel_trial = Call(calls.trials.cancel_trial)
    make_step = Call(calls.trials.make_step)
    answer_trial = Call(calls.trials.answer_trial)
    trial_receipt = Call(calls.trials.trial_receipt)
    trial_report = Call(calls.trials.trial_report)
    trial_report_html = Call(calls.trials.trial_report_html)
    leaderboard = Call(calls.trials.leaderboard)
    compare = Call(calls.trials.compare)
    edition = Call(calls.trials.edition)
    open_edition = Call(calls.trials.open_edition)
    declare_version = Call(calls.trials.declare_version)
    freeze_edition = Call(calls.trials.freeze_edition)
    close_edition = Call(calls.trials.close_edition)
    webhooks = Call(calls.webhooks.webhooks)
    webhook = Call(calls.webhooks.webhook)
    add_webhook = Call(calls.webhooks.add_webhook)
    change_webhook = Call(calls.webhooks.change_webhook)
    remove_webhook = Call(calls.webhooks.remove_webhook)
    new_secret = Call(calls.webhooks.new_secret)
    test_webhook = Call(calls.webhooks.test_webhook)
    deliveries = Call(calls.webhooks.deliveries)
    retry_delivery = Call(calls.webhooks.retry_delivery)
    ledger = Call(calls.messages.ledger)
    accounts = Call(calls.messages.accounts)
    dead_letters = Call(calls.messages.dead_letters)
    replay_dead_letters = Call(calls.messages.replay_dead_letters)
    me = Call(calls.pilots.me)
    my_activity = Call(calls.pilots.my_activity)
    pilots = Call(calls.pilots.pilots)
    pilot = Call(calls.pilots.pilot)
    add_pilot = Call(calls.pilots.add_pilot)
    change_pilot = Call(calls.pilots.change_pilot)
    suspend_pilot = Call(calls.pilots.suspend_pilot)
    resume_pilot = Call(calls.pilots.resume_pilot)
    activity = Call(calls.pilots.activity)
    scorecard = Call(calls.pilots.scorecard)
    waive_check = Call(calls.pilots.waive_check)
    withdraw_exception = Call(calls.pilots.withdraw_exception)
    all_activity = Call(calls.pilots.all_activity)
    alerts = Call(calls.pilots.alerts)
    acknowledge_alert = Call(calls.pilots.acknowledge_alert)
    audit = Call(calls.pilots.audit)
    keys = Call(calls.pilots.keys)
    find_keys = Call(calls.pilots.find_keys)
    add_key = Call(calls.pilots.add_key)
    rotate_key = Call(calls.pilots.rotate_key)
    revoke_key = Call(calls.pilots.revoke_key)
    budget = Call(calls.pilots.budget)
    enter_budget = Call(calls.pilots.enter_budget)
