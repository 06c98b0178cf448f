import dataclasses

import numpy as np
import pytest

from simulators.record.digest import Digest
from simulators.world.emission import Emission

EMISSION = Emission(
    time=10_000_000,
    sensors=np.array([2, 5], dtype=np.int32),
    times=np.array([0, 10_000_000]),
    seq=np.array([1, 4]),
    offsets=np.array([0, 1, 3], dtype=np.int32),
    values=np.array([0.1, 2.0, 3.5]),
)


def fingerprint(*emissions):
    digest = Digest()
    for emission in emissions:
        digest.update(emission)
    return digest.hexdigest()


def test_equal_emissions_have_equal_fingerprints():
    copy = dataclasses.replace(EMISSION, values=EMISSION.values.astype(">f8"), seq=EMISSION.seq.astype(">i8"))
    assert fingerprint(EMISSION, EMISSION) == fingerprint(copy, copy)


@pytest.mark.parametrize(
    "change",
    [
        {"time": 20_000_000},
        {"sensors": np.array([2, 6], dtype=np.int32)},
        {"times": np.array([10_000_000, 10_000_000])},
        {"seq": np.array([1, 5])},
        {"values": np.array([0.1, 2.0, 3.4])},
    ],
)
def test_any_difference_shows(change):
    assert fingerprint(EMISSION) != fingerprint(dataclasses.replace(EMISSION, **change))


def test_a_repeated_emission_shows():
    assert fingerprint(EMISSION) != fingerprint(EMISSION, EMISSION)


def test_a_fingerprint_goes_on_from_where_it_was():
    first = Digest()
    first.update(EMISSION)
    second = Digest(first.last)
    second.update(EMISSION)
    assert second.hexdigest() == fingerprint(EMISSION, EMISSION)
