import msgspec

from simulators.events.base import HOUR, Event
from simulators.events.registry import effect_of
from simulators.labels.labels import Affected, Label, label_of


def test_a_label_says_what_was_left_to_its_default_and_to_chance(city):
    event = Event(id="a", type="accident", start=0, end=HOUR, parameters={"capacity": 0.2})
    label = label_of(event, effect_of(event, city, {}, 1), [])
    assert label.cause == {"target": None, "capacity": 0.2, "opposite": 0.9}
    assert label.targets[0] in {street.id for street in city.streets}
    assert (label.event, label.type, label.start, label.end, label.public) == ("a", "accident", 0, HOUR, False)
    assert (label.severity, label.affected) == (0.8, ())
    assert label_of(event, effect_of(event, city, {}, 1), None).affected is None


def test_labels_survive_json(city):
    event = Event(id="a", type="flood", start=0, end=HOUR)
    hit = Affected(sensor="air-0001", property="pm10", start=0, end=HOUR, largest=-1.5)
    label = label_of(event, effect_of(event, city, {}, 1), [hit])
    assert msgspec.json.decode(msgspec.json.encode(label), type=Label) == label
