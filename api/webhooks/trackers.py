"""Trackers: apply the condition of a webhook to readings and events, and return states to store and deliveries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np

from api.readings.series import PerSeries, matcher
from api.webhooks.conditions import Change, Levels, PassedOver, Silences, Span, Threshold
from api.webhooks.webhook import MAX_SENSORS, Delivery, Phase, State, Webhook
from zenata.city.clock import format_time, parse_duration, parse_time
from zenata.city.readings import Catalog, FloatArray, IndexArray, IntArray, Selection, Series
from zenata.wire.bulletins import Announcement

Rows = tuple[Catalog, IndexArray, IntArray, FloatArray]
"""Readings: series, times [us] and values, and the catalog that the series count in."""

_WORDS = {Phase.FIRING: "fired", Phase.CLEAR: "cleared"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What is to be stored and delivered of a webhook, together.

    Parameters
    ----------
    hook : Webhook
    states : dict of str to State
        By sensor or event.
    deliveries : list of Delivery
    """

    hook: Webhook
    states: dict[str, State] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.states or self.deliveries)


class Room:
    """Room for the sensors that the conditions of one pilot look at.

    Parameters
    ----------
    limit : int
    """

    def __init__(self, limit: int = MAX_SENSORS) -> None:
        self._limit, self._sizes = limit, dict[str, int]()

    def begin(self, id_: str, size: int) -> None:
        """Set how many a webhook begins with."""
        self._sizes[id_] = size

    def take(self, id_: str) -> bool:
        """Take room for one more sensor of a webhook; return whether there was some."""
        if sum(self._sizes.values()) >= self._limit:
            return False
        self._sizes[id_] += 1
        return True

    def keep(self, ids: Collection[str]) -> None:
        """Give back what other webhooks had."""
        self._sizes = {id_: size for id_, size in self._sizes.items() if id_ in ids}


class SensorTracker:
    """A condition on readings.

    Parameters
    ----------
    hook : Webhook
    stored : dict of str to State
        How it was, by sensor; what is taken up is taken out.
    room : Room, optional
        Of its pilot.
    """

    def __init__(self, hook: Webhook, stored: dict[str, State], room: Room | None = None) -> None:
        self.hook = hook
        self._room = room or Room()
        self._room.begin(hook.id, len(stored))
        self._left_out = 0
        self._missed: list[PassedOver] = []
        self.selection = selection_of(hook)
        self._waited_for = self.selection.sensors
        self.seen = hook.seen
        """The newest observation time taken in [us]."""
        self.begin = 0
        """Number of the first batch of the hub to take in; what is before is taken from the store."""
        self._stored = stored
        self._rule = _rule_of(hook.condition)
        self._indices: dict[str, int] = {}
        self._series: list[Series] = []
        self._new: list[State] = []
        self._matches = matcher(self.selection)
        self._of = PerSeries(self._index_of, np.int64)

    def take(self, catalog: Catalog, series: IndexArray, time: IntArray, value: FloatArray, wall: int) -> Outcome:
        """Take readings in; `wall` is the time of day [us]."""
        index = self._of.take(catalog, series)
        rows = np.flatnonzero(index >= 0)
        if not len(rows):
            return Outcome(hook=self.hook)
        index, time = index[rows], time[rows]
        newest = int(time.max())
        self.seen = newest if self.seen is None else max(self.seen, newest)
        self._grow()
        return self._outcome(self._rule.take(index, time, value[rows]), wall)

    def late(self, limit: int) -> list[tuple[Span, Selection]]:
        """Return what is to be evaluated again as late readings came, up to a number, and which readings that takes."""
        if not isinstance(self._rule, Levels):
            return []
        return [
            (span, replace(self.selection, sensors=(self._series[span.index].sensor,)))
            for span in self._rule.late(limit)
        ]

    def revise(self, span: Span, parts: Iterable[Rows], wall: int) -> Outcome:
        """Evaluate a sensor again; `parts` has, among others, all of its readings in the span."""
        if not isinstance(self._rule, Levels):
            return Outcome(hook=self.hook)
        time, value = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for catalog, series, times, values in parts:
            rows = np.flatnonzero(self._of.take(catalog, series) == span.index)
            time.append(times[rows])
            value.append(values[rows])
        outcome = self._outcome(self._rule.revise(span, np.concatenate(time), np.concatenate(value)), wall)
        outcome.states[self._series[span.index].sensor] = self._rule.state(span.index)
        return outcome

    def passed_over(self) -> PassedOver | None:
        """Return which readings came too late to be evaluated since this was last called, if any did."""
        return self._rule.passed_over() if isinstance(self._rule, Levels) else None

    def miss(self, readings: PassedOver) -> None:
        """Note readings that nobody evaluates, as too many had come meanwhile; a silence is about now, and misses none."""
        if isinstance(self._rule, Levels):
            self._missed.append(readings)

    def missed(self) -> list[PassedOver]:
        """Return what was missed since this was last called."""
        missed, self._missed = self._missed, []
        return missed

    def left_out(self) -> int:
        """Return how many sensors found no room since this was last called: nobody looks at them."""
        left_out, self._left_out = self._left_out, 0
        return left_out

    def look(self, now: int, wall: int) -> Outcome:
        """Look who is silent when it is `now` in the world [us]."""
        if not isinstance(self._rule, Silences):
            return Outcome(hook=self.hook)
        expected = {sensor: State(since=now, time=now) for sensor in self._expect(self._rule, now)}
        outcome = self._outcome(self._rule.look(now), wall)
        return replace(outcome, states=expected | outcome.states)

    def _index_of(self, series: Series) -> int:
        """Return the index of a series, the same for all of a sensor; -1 if it is not meant."""
        if not self._matches(series):
            return -1
        index = self._indices.get(series.sensor)
        if index is None:
            return self._enter(series) if self._has_room(series.sensor) else -1
        if not self._series[index].kind:
            self._series[index] = series  # it was expected, and now it says something
        return index

    def _expect(self, rule: Silences, now: int) -> list[str]:
        """Wait from now on for the sensors named that have not reported so far; return those.

        Some have an index already: their series are known, though nothing of them was stored.
        """
        for sensor in self._waited_for:
            if sensor not in self._indices and self._has_room(sensor):
                self._enter(Series(self.hook.world, sensor, "", "", "", ""))
        self._grow()
        self._waited_for = tuple(sensor for sensor in self._waited_for if sensor in self._indices)
        indices = np.array([self._indices[sensor] for sensor in self._waited_for], dtype=np.int64)
        return [self._series[index].sensor for index in rule.expect(indices, now).tolist()]

    def _has_room(self, sensor: str) -> bool:
        """Return whether one more sensor is looked at; what is stored of one has its room."""
        if sensor in self._stored or self._room.take(self.hook.id):
            return True
        self._left_out += 1
        return False

    def _enter(self, series: Series) -> int:
        """Give an index to a sensor, with how it was."""
        index = self._indices[series.sensor] = len(self._series)
        self._series.append(series)
        self._new.append(self._stored.pop(series.sensor, State()))
        return index

    def _grow(self) -> None:
        if self._new:
            self._rule.grow(self._new)
            self._new = []

    def _outcome(self, changes: Sequence[Change], wall: int) -> Outcome:
        outcome = Outcome(hook=self.hook)
        trimmed = self._rule.trimmed() if isinstance(self._rule, Levels) else ()
        for index in dict.fromkeys((*(change.index for change in changes), *trimmed)):
            outcome.states[self._series[index].sensor] = self._rule.state(index)
        for change in changes:
            series = self._series[change.index]
            if (
                change.notify
            ):  # a microsecond apart, as those of one subject are delivered in the order that they are made
                outcome.deliveries.append(_delivery(self.hook, series, change, wall + len(outcome.deliveries)))
        return outcome


class EventTracker:
    """A condition on events that a world announces.

    Parameters
    ----------
    hook : Webhook
    stored : mapping of str to State
        How it was, by event.
    """

    def __init__(self, hook: Webhook, stored: Mapping[str, State]) -> None:
        self.hook = hook
        self._under_way = {id_: state for id_, state in stored.items() if state.phase is Phase.FIRING}

    def announce(self, event: Announcement, wall: int) -> Outcome:
        """Take an event that has begun; `wall` is the time of day [us]."""
        wanted = self.hook.condition["event"]
        if event.id in self._under_way or (wanted and event.type not in wanted):
            return Outcome(hook=self.hook)
        about = msgspec.json.encode(event).decode()
        state = State(phase=Phase.FIRING, since=parse_time(event.start), time=parse_time(event.end), about=about)
        self._under_way[event.id] = state
        return Outcome(
            hook=self.hook, states={event.id: state}, deliveries=[self._delivery("event.started", state, wall)]
        )

    def look(self, now: int, wall: int) -> Outcome:
        """Look what is over when it is `now` in the world [us]."""
        over = {id_: state for id_, state in self._under_way.items() if state.time <= now}
        for id_ in over:
            del self._under_way[id_]
        return Outcome(
            hook=self.hook,
            states={id_: replace(state, phase=Phase.CLEAR, about="") for id_, state in over.items()},
            deliveries=[self._delivery("event.ended", state, wall) for state in over.values()],
        )

    def _delivery(self, type_: str, state: State, wall: int) -> Delivery:
        event = msgspec.json.decode(state.about)
        return delivery_of(self.hook, type_, {"event": event}, wall, event["id"], subject=event["id"])


def _rule_of(condition: Mapping[str, Any]) -> Levels | Silences:
    """Return the rule of a condition on readings, as `zenata.contract.webhooks` has it."""
    if condition["type"] == "silence":
        return Silences(parse_duration(condition["after"]))
    rising = condition["above"] is not None
    level = condition["above"] if rising else condition["below"]
    clear = level if condition["clear"] is None else condition["clear"]
    duration = parse_duration(condition["duration"]) if condition["duration"] else 0
    return Levels(Threshold(level=level, clear=clear, rising=rising, duration=duration))


def selection_of(hook: Webhook) -> Selection:
    """Return the series that a condition on readings looks at."""
    condition = hook.condition
    properties = condition["property"]
    return Selection(
        worlds=(hook.world,),
        sensors=tuple(condition["sensor"]),
        kinds=tuple(condition["kind"]),
        districts=tuple(condition["district"]),
        properties=(properties,) if isinstance(properties, str) else tuple(properties),
    )


def delivery_of(
    hook: Webhook, type_: str, data: Mapping[str, Any], wall: int, *what: str, subject: str = ""
) -> Delivery:
    """Return a delivery at a time of day [us].

    `what` gives its id, with the webhook and when its condition began: what is found out twice is delivered once.
    """
    body = {
        "type": type_,
        "timestamp": format_time(wall),
        "data": {"webhook": hook.id, "name": hook.name, "world": hook.world, **data},
    }
    digest = sha256("\n".join((hook.id, str(hook.begun), type_, *what)).encode()).hexdigest()
    text = msgspec.json.encode(body).decode()
    return Delivery(
        id=f"msg_{digest[:32]}", webhook=hook.id, type=type_, made=wall, body=text, due=wall, subject=subject
    )


def _delivery(hook: Webhook, series: Series, change: Change, wall: int) -> Delivery:
    state = change.state
    data: dict[str, Any] = {"sensor": series.sensor, "since": format_time(state.since)}
    if series.kind:
        data |= {"kind": series.kind, "district": series.district}
    if change.value is not None:
        reading = {"property": series.property, "unit": series.unit, "value": change.value}
        data |= reading | {"time": format_time(state.time)}
    word = f"{hook.condition['type']}.{_WORDS[state.phase]}"
    return delivery_of(hook, word, data, wall, series.sensor, str(state.since), subject=series.sensor)
