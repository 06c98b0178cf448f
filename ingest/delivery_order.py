"""Order of deliveries: what devices sent first is stored first, though the broker delivers it last.

After a reconnect NATS delivers new messages at once, and those before them, which nobody acknowledged, when their
`ack_wait` is over (5 s). A broker numbers its packets in the order of its first deliveries (MQTT 3.1.1 section 2.3.1),
so a gap between the numbers acknowledged and the number that comes next tells that older messages are still to come.
Until they are there, messages of devices are held back. Mosquitto delivers the older ones first, and little is held.

What NATS has no number for, as the client was just gone or the window of its session full, it does not send, but when `ack_wait`
is over: with DUP, under a number above those of newer messages. After a reconnect such come close behind what fills the gap.

What is acknowledged just as its `ack_wait` ends comes once more, under another number: NATS has forgotten the first with the
acknowledgement. So a DUP above the first new number of a connection is the one or the other: what was acknowledged late is known.

A number behind the last one acknowledged is of a message whose acknowledgement was lost with the connection, and which is
stored already; or it is of a broker that was started again and counts from 1. The first is known by its date.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from zenata.wire import topics
from zenata.wire.mqtt import Message

MAX_WAIT = 7.0
"""The longest that messages are held back after a reconnect [s]: `ack_wait` in broker_config/nats/nats.conf, and some."""

LATE = 4.5
"""After this time without its acknowledgement NATS may be about to send a message again: nearly its `ack_wait` [s]."""

_LINGER = 1.5  # how long more is waited for behind what was under way before [s]
_LONGEST_LOOK = 0.25  # no more of the time between two looks counts, as a process may stand still [s]
_PACKETS = 65_535  # packet identifiers are 1 to this one (MQTT 3.1.1 section 2.3.1)
_FAR = 20_000  # more than a broker has under way: a number farther ahead is one behind
_WINDOW = 4_095  # acknowledgements that one connection may lose: `max_inflight_messages` in mosquitto.conf
_FIRST, _NEAR = 4, 100  # one of the first numbers, and not behind 65,535, is of a broker that was started again
_MAX_BEYOND = 10_000  # acknowledged behind a gap; more, and the gap is given up


class OrderState(msgspec.Struct, array_like=True, frozen=True):
    """Which packets were acknowledged: all up to `last`, and some `beyond`, by their distance behind it from 0.

    Before any was, `last` is the number before the first one that was delivered.
    """

    last: int
    beyond: list[int]


class DeliveryOrder:
    """Holds back messages of devices while older ones may still come. Used by one thread.

    Parameters
    ----------
    state : OrderState, optional
        Of the same session, as it was when it was last used.
    clock : callable
        Returns the time of a clock that never goes back [s].
    on_renumbered : callable
        Called when a broker that was started again gives its packets other numbers than before.
    was_dated : callable
        Returns whether a message of a device that is delivered again was dated under this number.
    """

    def __init__(
        self,
        state: OrderState | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_renumbered: Callable[[], object] = lambda: None,
        was_dated: Callable[[Message], bool] = lambda _: False,
    ) -> None:
        self._was_dated = was_dated
        self._on_renumbered = on_renumbered
        self._clock = clock
        self._last = state.last if state else 0  # 0 while no number is known
        self._beyond = set(state.beyond) if state else set()
        self._advance(0)
        self._connection = -1
        self._begun, self._came = 0.0, 0.0  # when the first messages of the connection came, and the last ones [s]
        self._drained, self._since = 0.0, 0.0  # when nothing more was here, now and before the last messages [s]
        self._looked, self._waited, self._limit = 0.0, 0.0, MAX_WAIT
        self._waiting = self._was_under_way = False
        self._arrived: set[int] = set()
        self._count = 0  # arrived without a gap
        self._first_new = _PACKETS  # distance of the first message that was not delivered before
        self._held: dict[int, Message] = {}
        self._released: set[int] = set()  # packets that were held until now
        self._late = Counter[tuple[str, bytes]]()  # topics and payloads of what was acknowledged late
        self._perhaps_late = Counter[tuple[str, bytes]]()  # of what may have lain here for long before
        self._late_until = 0.0
        self._fresh = 0  # packet identifier of the connection's first message without DUP; 0 while none came
        self.renumbered = False
        """Whether the broker was started again, so that packets have other numbers than before."""

    @property
    def state(self) -> OrderState | None:
        """What is to be kept for the next process; None if nothing was delivered yet."""
        return OrderState(self._last, sorted(self._beyond)) if self._last else None

    def admit(self, messages: Sequence[Message], *, more: bool = False) -> list[Message]:
        """Return which messages may be stored now, in order; those held back come with a later call.

        Parameters
        ----------
        messages : sequence of Message
            What has come since the last call.
        more : bool
            Whether more is here than these, so that what is waited for may be among it.
        """
        self._came, self._since = self._clock(), self._drained
        if not more:
            self._drained = self._came
        is_one_connection = messages and messages[0].connection == messages[-1].connection == self._connection
        if is_one_connection and self._fresh and not self._waiting:
            return list(messages)  # nearly always
        ready = [message for message in messages if not self._holds(message)]
        if self._waiting and not self.renumbered:
            ready += self._in_order()
        if self._waiting and self._is_over(more) and (self._held or self.renumbered):
            ready += self._release()
        return ready

    def _holds(self, message: Message) -> bool:
        """Take note of a message that has come; return whether it is held back."""
        if not message.mid:  # QoS 0: nothing of it is delivered again
            return False
        if message.connection != self._connection:
            self._reconnected(message)
        self._fresh = self._fresh or (0 if message.again else message.mid)
        distance = self._distance(message.mid)
        if not self._waiting or not (self.renumbered or distance < _PACKETS - _FAR):
            return False
        self._arrived.add(distance)
        if not message.again:  # what was under way before has lower numbers than what is new
            self._first_new = min(self._first_new, distance)
        else:
            self._was_under_way = True
            if self._limit < MAX_WAIT:
                self._limit = min(self._waited + _LINGER, MAX_WAIT)
        if not topics.is_of_pilot(message.topic):
            return False
        self._held.setdefault(message.mid, message)
        return True

    def is_numbered_anew(self, message: Message) -> bool:
        """Return whether a message that is delivered again was acknowledged under another number, or has the one it had.

        One like it was acknowledged so late that it may come again so: once for each. Of those that may have waited here in a
        backlog only one that has no like, as else NATS may not have got it through before.
        """
        is_of_now = message.again and message.connection == self._connection and not self.renumbered
        if not is_of_now or not self._fresh or (message.mid - self._fresh) % _PACKETS >= _FAR:
            return False
        key = message.topic, message.payload
        for late, is_it in ((self._late, self._late[key] > 0), (self._perhaps_late, self._perhaps_late[key] == 1)):
            if is_it and self._clock() <= self._late_until:
                late[key] -= 1
                return True
        return False

    def _in_order(self) -> list[Message]:
        """Return those held back that nothing older can come before; there is no more waiting once a new one is among."""
        while self._count in self._arrived:
            self._count += 1
        count = self._count
        # Mosquitto marks a whole backlog as delivered before; no more than so many were on their way.
        if count > max(self._arrived, default=0) and (count > self._first_new or count >= _FAR):
            if not self._was_under_way or count >= _FAR:
                return self._release()
            if self._limit == MAX_WAIT:
                self._limit = min(self._waited + _LINGER, MAX_WAIT)
            count = self._first_new
        held = sorted((one for one in self._held.values() if self._distance(one.mid) < count), key=self._age)
        for one in held:
            del self._held[one.mid]
            self._released.add(one.mid)
        return held

    def _is_over(self, more: bool) -> bool:
        """Return whether there was time enough for older messages to come."""
        now = self._clock()
        if not more:
            self._waited += min(now - self._looked, _LONGEST_LOOK)
        self._looked = now
        return self._waited > self._limit

    def _age(self, message: Message) -> int:
        return self._distance(message.mid)

    def acknowledged(self, messages: Sequence[Message]) -> None:
        """Take note of messages that were acknowledged."""
        self._note_late(messages)
        follows = self._following()
        for message in messages:
            if message.mid == follows and message.connection == self._connection:
                self._last, follows = follows, follows % _PACKETS + 1
            elif message.mid and message.connection == self._connection:
                self._acknowledge(message.mid)
                follows = self._following()

    def _note_late(self, messages: Sequence[Message]) -> None:
        """Take note of those of devices that NATS may have sent again before they were acknowledged."""
        now = self._clock()
        if now > self._late_until:
            self._late.clear()
            self._perhaps_late.clear()
        is_all_late, is_held_late = now - self._came >= LATE, now - self._begun >= LATE
        is_perhaps_late = now - max(self._since, self._begun) >= LATE
        if is_perhaps_late or (is_held_late and self._released):
            self._late_until = now + MAX_WAIT
            for one in messages:
                if not topics.is_of_pilot(one.topic):
                    continue
                if is_all_late or (is_held_late and one.mid in self._released):
                    self._late[one.topic, one.payload] += 1
                elif is_perhaps_late:
                    self._perhaps_late[one.topic, one.payload] += 1
        self._released.clear()

    def _following(self) -> int:
        """Return the number that is to be acknowledged next, if only that of all up to it is missing; else no number."""
        return -1 if self._waiting or self._beyond else self._last % _PACKETS + 1

    def _acknowledge(self, packet: int) -> None:
        if self._waiting:
            if not self.renumbered and (distance := self._distance(packet)) < _PACKETS - _FAR:
                self._beyond.add(distance)
        elif not self._last or (packet == self._last % _PACKETS + 1 and not self._beyond):
            self._last = packet
        elif (distance := self._distance(packet)) < _FAR:  # else it was acknowledged before
            self._beyond.add(distance)
            self._advance(0 if len(self._beyond) <= _MAX_BEYOND else min(self._beyond))

    def _advance(self, count: int) -> None:
        """Take the next packets for acknowledged, and those that follow them without a gap."""
        while count in self._beyond:
            count += 1
        if count:
            self._last = (self._last + count - 1) % _PACKETS + 1
            self._beyond = {distance - count for distance in self._beyond if distance >= count}

    def _reconnected(self, message: Message) -> None:
        """Begin with another connection, whose first message this is."""
        self._connection = message.connection
        self._advance(0)
        self._held.clear()
        self._released.clear()
        self._late.clear()
        self._perhaps_late.clear()
        self._begun = self._looked = self._clock()
        self._waited, self._limit = 0.0, MAX_WAIT
        self._waiting, self._was_under_way = bool(self._last), False
        if not self._waiting:
            self._last = message.mid - 1 or _PACKETS
        distance = self._distance(message.mid)
        behind = distance >= _FAR and not self._lost_its_acknowledgement(message)
        self.renumbered = self._waiting and (behind or (message.mid <= _FIRST and _NEAR < distance < _FAR))
        if self.renumbered:
            self._on_renumbered()
            self._last, self._beyond = 0, set()
        self._arrived, self._count = set(self._beyond), 0
        self._first_new, self._fresh = _PACKETS, 0

    def _lost_its_acknowledgement(self, message: Message) -> bool:
        """Return whether a message that is behind was acknowledged on a connection that was lost too soon."""
        if not message.again:
            return False
        if topics.is_of_pilot(message.topic):
            return self._was_dated(message)
        return message.mid > _FIRST and self._distance(message.mid) >= _PACKETS - _WINDOW

    def _release(self) -> list[Message]:
        """Return what was held back, in the order of the first deliveries; what has not come by now is given up."""
        self._waiting = False
        if self.renumbered:  # then what was delivered before is older, whatever its number
            held = sorted(self._held.values(), key=lambda one: (not one.again, one.mid))
        else:
            held = sorted(self._held.values(), key=lambda one: (not one.again, self._age(one)))
            missing = set(range(max(self._arrived, default=-1) + 1)) - self._arrived
            self._beyond |= missing
            self._advance(0)
        self._released.update(self._held)
        self._held.clear()
        return held

    def _distance(self, packet: int) -> int:
        """Return how far a packet is behind the last one, 0 for the next."""
        return (packet - self._last - 1) % _PACKETS
