"""Publisher of a world: readings, clock, responses and truth labels to the broker, and the labels to its folder too."""

import itertools
import math
import time
from collections.abc import Callable

from simulators.host.encoder import Encoder, Message
from simulators.labels.labels import Label
from simulators.record.journal import Order
from simulators.record.record import Pace, Record
from simulators.record.run import Run
from simulators.world.emission import Emission
from zenata.city.clock import SECOND
from zenata.trials.registry import CHALLENGES
from zenata.wire.commands import Response
from zenata.wire.mqtt import Publisher

PACKED = 12
"""Readings of a pack that cost as much to store as a message."""

MAX_TRUTH = 500_000
"""Largest label that a broker takes [bytes]; a larger one is published without the sensors affected."""


class WorldPublisher:
    """Publishes the messages of a world, up to a rate.

    Parameters
    ----------
    run : Run
    encoder : Encoder
    publisher : Publisher
    record : Record
    packs : bool
        Whether each district's readings are published as one pack too.
    max_rate : float
        Messages a second that it may publish in the long run.
    defer : callable
        Runs a function in the same thread once what is under way has been answered.
    """

    def __init__(
        self,
        *,
        run: Run,
        encoder: Encoder,
        publisher: Publisher,
        record: Record,
        packs: bool = False,
        max_rate: float = math.inf,
        defer: Callable[[Callable[[], object]], object] = lambda act: act(),
    ) -> None:
        self._run, self._encoder, self._publisher, self._record = run, encoder, publisher, record
        self._defer = defer
        self._packs, self._max_rate = packs, max_rate
        self._deferred: Message | None = None  # the newest clock that was put off
        self._free = 0.0  # when the next message may be published, on the monotonic clock
        self._final = run.shadows.final if run.shadows else frozenset[str]()

    @property
    def rest(self) -> float:
        """Time until the rate allows the next message [s]; below zero when it does now."""
        return self._free - time.monotonic()

    def publish(self, emission: Emission, before: int, pace: Pace) -> None:
        """Publish readings, clock, announcements and labels that are new since the tick `before` [us since the Unix epoch]."""
        publishes = self._publishes(pace)
        count = self._publish_readings(emission) if publishes else 0.0
        self._free = max(self._free, time.monotonic() - 1.0) + count / self._max_rate
        clock = self._clock(emission.time, pace)
        if publishes:
            self._publish(clock)
        else:  # nothing else goes to the broker: nobody waits for a packet before the answer
            self._deferred = clock
            self._defer(self._publish_deferred)
        for event, effect in self._run.world.timeline.effects:
            is_announced = effect.public and not self._run.recipe.trial  # which would say how long it will last
            if is_announced and before < event.start <= emission.time:
                self._publish(self._encoder.announcement(event, effect.targets))
        self._publish_labels(emission.time, before)

    def _publish_readings(self, emission: Emission) -> float:
        """Publish the readings of a tick; return how many messages they count as."""
        messages = self._encoder.packs(emission) if self._packs else iter(())
        if not self._run.recipe.packs:
            messages = itertools.chain(self._encoder.telemetry(emission), messages)
        count = sum(self._publish(message) for message in messages)
        return len(emission.values) / PACKED if self._run.recipe.packs else count

    def publish_clock(self, now: int, pace: Pace) -> None:
        """Publish the world's time [us since the Unix epoch] and pace."""
        self._deferred = None  # as the retained one would have the pace before
        self._publish(self._clock(now, pace))

    def _publish_deferred(self) -> None:
        clock, self._deferred = self._deferred, None
        if clock is not None:
            self._publish(clock)

    def _clock(self, now: int, pace: Pace) -> Message:
        messages = self._run.world.messages if self._publishes(pace) else 0  # nobody is to wait for others
        return self._encoder.clock(now, pace, messages, self._step(now))

    def _publishes(self, pace: Pace) -> bool:
        return self._run.recipe.publish and pace.publish

    def _step(self, now: int) -> int | None:
        """Return how many steps of a trial are made [us since the Unix epoch]; None where there is no trial."""
        recipe = self._run.recipe
        if not recipe.trial:
            return None
        return (now - recipe.start) // (CHALLENGES[recipe.challenge].step * SECOND)

    def publish_response(self, order: Order, response: Response) -> None:
        """Publish the response to a command."""
        self._publish(self._encoder.response(order, response))

    def _publish_labels(self, now: int, before: int) -> None:
        """Publish and store the labels of events that have just begun, or whose consequences are just over."""
        shadows = self._run.shadows
        if shadows is None:
            return
        new = {event.id for event, _ in self._run.world.timeline.effects if before < event.start <= now}
        new |= shadows.final - self._final
        if new:
            self._final = shadows.final
            labels = shadows.labels()
            self._record.save_labels(labels)
            for label in labels:
                if label.event in new:
                    self._publish_truth(label)

    def _publish_truth(self, label: Label) -> None:
        message = self._encoder.truth(label)
        if len(message.payload) > MAX_TRUTH:
            message = self._encoder.truth(label, with_affected=False)
        self._publish(message)

    def _publish(self, message: Message) -> int:
        self._publisher.publish(message.topic, message.payload, retain=message.retain)
        return 1
