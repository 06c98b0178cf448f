"""Command queue: what devices were commanded to do and not yet been, and what became of the commands before."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Literal

from simulators.record.journal import Order
from simulators.record.record import Recipe
from zenata.city.clock import SECOND, format_time
from zenata.trials.registry import CHALLENGES
from zenata.wire.commands import Response

MAX_COMMANDS = 1000
"""Commands obeyed in one tick."""

MAX_COMMANDS_OF_ONE = 50
"""Of these, commands to one device: whoever may command one lamp takes nobody else's turn. A default."""

MAX_OUTCOMES = 10_000
"""Commands whose outcome is remembered, the latest."""


def response_to(order: Order, time: int, refusal: str | None) -> Response:
    """Return what became of a command at a tick [us since the Unix epoch]."""
    status: Literal["applied", "rejected"] = "rejected" if refusal else "applied"
    return Response(id=order.id, status=status, at=format_time(time), reason=refusal)


def not_taken(recipe: Recipe, kind: str, time: int) -> str | None:
    """Return why the world of a trial does not take a command to a kind of device at a time [us since the Unix epoch].

    Where answers are scored, commands would make the city easier to foresee or to search, and cost nothing: a price that empties all car
    parks, a lorry to all containers. In the warm-up, too, what is done costs nothing, as it is not scored.
    """
    if not recipe.trial:
        return None
    challenge = CHALLENGES[recipe.challenge]
    if not challenge.closed_loop:
        return f"{challenge.name} is scored by answers, and takes no commands"
    if kind not in challenge.kinds:
        return f"{challenge.name} takes commands to devices of kind {' or '.join(challenge.kinds)} alone"
    first = challenge.first + 1
    if time >= recipe.start + first * challenge.step * SECOND:
        return None
    return f"this trial is in its warm-up: commands count from when step {first} is made"


class CommandQueue:
    """Commands that wait for the next tick, and the outcomes of those before.

    All but `outcome` belongs to the thread of the simulation.

    Parameters
    ----------
    publish : callable
        Takes each command and its response.
    """

    def __init__(self, publish: Callable[[Order, Response], None]) -> None:
        self._publish = publish
        self._waiting: list[tuple[Order, Future[Response]]] = []
        self._outcomes: OrderedDict[str, tuple[Order, Response | None]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> list[Order]:
        """The commands for the next tick, in the order in which they came."""
        return [order for order, _ in self._waiting]

    def take(self, order: Order, refusal: str | None, time: int) -> Future[Response]:
        """Take a command for the next tick, or answer it at once.

        Parameters
        ----------
        order : Order
        refusal : str or None
            Why no device could ever obey it.
        time : int
            Of the world [us since the Unix epoch].
        """
        future: Future[Response] = Future()
        if refusal is None:
            refusal = self._overflow(order)
        if refusal is None:
            self._waiting.append((order, future))
            self._remember(order, None)
        else:
            self._finish(order, future, response_to(order, time, refusal))
        return future

    def finish(self, refusals: Sequence[str | None], time: int) -> list[Response]:
        """Answer the first of the waiting commands, with why each was refused by a tick, or None."""
        done, self._waiting = self._waiting[: len(refusals)], self._waiting[len(refusals) :]
        responses = []
        for (order, future), refusal in zip(done, refusals, strict=True):
            responses.append(response_to(order, time, refusal))
            self._finish(order, future, responses[-1])
        return responses

    def outcome(self, command: str) -> tuple[Order, Response | None] | None:
        """Return a command and its response, None as long as it waits; None if it is not known. Any thread may call this."""
        with self._lock:
            return self._outcomes.get(command)

    def _overflow(self, order: Order) -> str | None:
        to_it = sum(other.sensor == order.sensor for other, _ in self._waiting)
        if to_it >= MAX_COMMANDS_OF_ONE:
            return f"more than {MAX_COMMANDS_OF_ONE} commands to {order.sensor} in a tick; try again at the next"
        if len(self._waiting) >= MAX_COMMANDS:
            return f"more than {MAX_COMMANDS:,} commands in a tick; try again at the next"
        return None

    def _finish(self, order: Order, future: Future[Response], response: Response) -> None:
        self._publish(order, response)
        self._remember(order, response)
        future.set_result(response)

    def _remember(self, order: Order, response: Response | None) -> None:
        if order.id is None:
            return
        with self._lock:
            self._outcomes[order.id] = order, response
            self._outcomes.move_to_end(order.id)
            while len(self._outcomes) > MAX_OUTCOMES:
                self._outcomes.popitem(last=False)
