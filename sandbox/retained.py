"""Retained messages of pilots at the embedded broker: removed where one has left very many.

The broker goes through all retained messages whenever its users change, and lets nobody in meanwhile: 30,000 take a second
or more. One pilot could leave millions within its quota, each on a topic of its own.
"""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from secrets import token_hex

from zenata.broker.base import SWEEPING
from zenata.errors import BrokerError
from zenata.process.background import Background
from zenata.wire import topics
from zenata.wire.address import Address
from zenata.wire.mqtt import Publisher

log = logging.getLogger(__name__)

MAX_RETAINED = 1_000
"""Topics on which a pilot, or commands of a world, may leave a message; more, and all are removed. A default."""

_LOOK_AFTER = 5_000  # messages of a pilot after which its retained ones are counted: its limit until then
_INTERVAL = 1.0  # between two looks whether a pilot has sent that many [s]
_SILENCE, _PATIENCE = 1.0, 60.0  # the broker has sent all once nothing came for so long; the longest that may take [s]


class RetainedSweeper(Background):
    """Removes what pilots have retained too much of, in a thread of its own.

    Parameters
    ----------
    address : Address
        Of the broker, with the user that may read and write what is of pilots.
    report : callable
        Takes a pilot, or a world, and the number of its retained messages that were removed.
    """

    def __init__(self, address: Address, report: Callable[[str, int], None]) -> None:
        super().__init__("retained sweeper", daemon=True)
        self._address, self._report = address, report
        self._sent = Counter[str]()
        self._lock = threading.Lock()

    def count(self, sent: Mapping[str, int]) -> None:
        """Take how many messages each pilot has sent since the last call; any thread may call this."""
        with self._lock:
            self._sent.update(sent)

    def sweep(self) -> dict[str, int]:
        """Remove what is too much, and return how many messages of which pilots, and of which worlds' commands.

        Raises
        ------
        BrokerError
            If the broker does not answer.
        """
        found: defaultdict[str, set[str]] = defaultdict(set)
        came = [time.monotonic()]

        def take(topic: str, _: bytes) -> None:
            owner = topics.pilot_of(topic) if topics.is_of_pilot(topic) else topics.world_of(topic)
            found[owner].add(topic)
            came[0] = time.monotonic()

        with Publisher(
            self._address,
            client_id=f"sweeper-{token_hex(8)}",
            filters=SWEEPING.subscribe,
            on_message=take,
            only_retained=True,
        ) as publisher:
            publisher.connect(_PATIENCE)
            came[0], deadline = time.monotonic(), time.monotonic() + _PATIENCE
            while time.monotonic() < min(came[0] + _SILENCE, deadline) and not self._stop.wait(_SILENCE / 10):
                pass
            surplus = {owner: known for owner, known in found.items() if len(known) > MAX_RETAINED}
            for known in surplus.values():
                for topic in known:
                    publisher.publish(topic, b"", retain=True)  # MQTT 3.1.1, section 3.3.1.3
            publisher.drain(_PATIENCE)
        return {owner: len(known) for owner, known in surplus.items()}

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL):
            with self._lock:
                if max(self._sent.values(), default=0) < _LOOK_AFTER:
                    continue
                self._sent.clear()
            try:
                for owner, count in self.sweep().items():
                    log.warning("%d retained messages of %s are removed: %d are allowed", count, owner, MAX_RETAINED)
                    self._report(owner, count)
            except BrokerError as error:
                log.warning("retained messages of pilots are not counted now: %s", error)
            except Exception:
                log.exception("counting retained messages failed; trying again")
