import json

import pytest

from simulators.host.encoder import Encoder
from simulators.record.record import Pace
from simulators.world.emission import Emission
from simulators.world.world import World
from zenata.city.clock import parse_time
from zenata.city.kinds import KINDS
from zenata.city.quantities import QUANTITIES
from zenata.wire import senml, topics

START = parse_time("2026-01-05T17:00:00Z")


@pytest.fixture(scope="module")
def emissions(city) -> list[Emission]:
    """Of one minute; in the first tick every sensor publishes."""
    world = World(city, seed=1, start=START)
    return [world.step() for _ in range(6)]


def rows(readings: senml.Readings) -> list[tuple]:
    return sorted(zip(*readings, strict=True))


def test_telemetry_reads_back_as_the_very_numbers(city, emissions):
    for emission in emissions:
        messages = list(Encoder(city, "zenata").telemetry(emission))
        assert len(messages) == len(emission.sensors)
        for index, (topic, payload, retain) in enumerate(messages):
            sensor = city.sensors[emission.sensors[index]]
            readings = senml.decode(payload, now=0)
            names = KINDS[sensor.kind].properties
            assert retain == (emission.times[index] == emission.time)
            assert topic == f"zenata/telemetry/{sensor.district}/{sensor.kind}/{sensor.id}"
            assert readings.names == [f"{sensor.id}/{name}" for name in names]
            assert readings.units == [QUANTITIES[name].unit for name in names]
            assert readings.times == [emission.times[index]] * len(names)
            assert readings.seqs == [emission.seq[index]] * len(names)
            assert readings.values == emission.values[emission.offsets[index] : emission.offsets[index + 1]].tolist()


def test_a_payload_is_as_documented(city, emissions):
    payloads = {message.topic: message.payload for message in Encoder(city, "w-1").telemetry(emissions[0])}
    first, *others = json.loads(payloads["w-1/telemetry/homes/air/air-0001"])
    assert {name: first[name] for name in ("bn", "bt", "seq", "n", "u")} == {
        "bn": "air-0001/",
        "bt": START // 1_000_000,
        "seq": 1,
        "n": "no2",
        "u": "ug/m3",
    }
    assert [set(record) for record in others] == [{"n", "u", "v"}] * 4


def test_packs_hold_the_readings_of_telemetry_by_district(city, emissions):
    encoder = Encoder(city, "zenata")
    for emission in emissions:
        expected: dict[str, list[tuple]] = {}
        for topic, payload, _ in encoder.telemetry(emission):
            pack = topics.pack("zenata", topics.parse(topic).district)
            expected.setdefault(pack, []).extend(rows(senml.decode(payload, now=0)))
        packs = {topic: rows(senml.decode(payload, now=0)) for topic, payload, _ in encoder.packs(emission)}
        assert packs == {topic: sorted(of) for topic, of in expected.items()}


@pytest.mark.parametrize(
    ("pace", "speed", "state"),
    [(Pace(speed=60.0), 60.0, "running"), (Pace(speed=0), "max", "running"), (Pace(state="paused"), 1.0, "paused")],
)
def test_the_clock_is_reported(city, pace, speed, state):
    topic, payload, retain = Encoder(city, "zenata").clock(START, pace, 17)
    assert (topic, retain) == ("zenata/clock", True)
    assert json.loads(payload) == {"time": "2026-01-05T17:00:00Z", "speed": speed, "state": state, "messages": 17}
