"""The webhooks of an API, as one thing to start and stop."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from api.live.hub import Hub
from api.webhooks.delivery import Deliverer
from api.webhooks.evaluator import ConditionEvaluator
from api.webhooks.register import Webhooks
from zenata.city.clock import Clock
from zenata.store.base import Store
from zenata.wire import topics


class WebhookService:
    """Looks at the conditions of all webhooks, and delivers what becomes of them, while it is entered.

    Parameters
    ----------
    register : Webhooks
    hub : Hub
    store : Store
    may : callable
        Tells whether a pilot may look into a world now.
    clock : Clock
        The wall's.
    private : bool
        Whether deliveries may go to addresses that are not public.
    leads : callable
        Whether this process, of several, looks at conditions; each delivers.
    """

    def __init__(
        self,
        *,
        register: Webhooks,
        hub: Hub,
        store: Store,
        may: Callable[[str, str], bool],
        clock: Clock,
        private: bool = False,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self.register, self.may, self.private = register, may, private
        self._evaluator = ConditionEvaluator(hooks=register, hub=hub, store=store, may=may, clock=clock, leads=leads)
        self._deliverer = Deliverer(hooks=register, may=may, clock=clock, private=private)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._deliverer)
            stack.enter_context(self._evaluator)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def announce(self, topic: str, payload: bytes) -> None:
        """Take what a world has announced on its topic; see `api.webhooks.evaluator.ConditionEvaluator.announce`."""
        self._evaluator.announce(topics.world_of(topic), payload)
