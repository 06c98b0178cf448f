"""A reference forecast of a small fixed case: seven weeks of parking and crowds of Zenata."""

import numpy as np
import pytest

from scripts.physics_forecast import TRAINED, history, margins
from zenata.city.pack import load_city


@pytest.fixture(scope="module")
def known():
    return history(load_city("zenata"), ("parking", "crowd"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "climatology", "persistence"), [("parking", 0.05, 0.05), ("crowd", 0.05, 0.03)])
def test_a_plain_model_beats_climatology_and_persistence_clearly(known, name, climatology, persistence):
    over_climatology, over_persistence = margins(known.values[name], known.rest)
    assert over_climatology > climatology
    assert over_persistence > persistence


def test_where_days_are_alike_nothing_beats_climatology():
    """The measure itself: noise about a course of the day leaves a model no margin."""
    rng = np.random.default_rng(1)
    hours = np.arange(7 * 168)
    values = 100 + 50 * np.sin(hours / 24 * 2 * np.pi)[:, None] + rng.normal(0, 5, (len(hours), 10))
    over_climatology, over_persistence = margins(values, np.zeros(len(hours), dtype=np.bool_))
    assert len(hours) > TRAINED
    assert abs(over_climatology) < 0.05
    assert over_persistence > 0.3
