"""parking-forecast: points, measures, and what is refused."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.zenata.trials.conftest import played
from zenata.city.model import City
from zenata.contract.answers import ParkingAnswer, ParkingForecast
from zenata.trials.challenge import Run, Table
from zenata.trials.forecasts import filled
from zenata.trials.parking import CHALLENGE, check, districts, score, shares


def forecast(quantiles: Sequence[float], district: str = "west", minutes: int = 15) -> ParkingAnswer:
    return ParkingAnswer(forecasts=(ParkingForecast(district=district, minutes=minutes, quantiles=tuple(quantiles)),))


def test_only_districts_with_bays_are_forecast(city: City) -> None:
    assert districts(city) == ["west", "east"]


def test_a_bay_that_says_nothing_is_as_it_was(city: City) -> None:
    nan = np.nan
    values = filled(np.array([[1.0, nan], [nan, 0.0], [nan, nan]]))
    assert values[:, 0].tolist() == [1, 1, 1]
    assert np.isnan(values[0, 1])
    table = Table(sensors=("parking-0", "parking-2"), values=np.array([[1.0, nan], [nan, 0.0]]))
    assert shares(city, table)[:, 0].tolist() == [1.0, 0.5]


def test_a_model_lies_between_nothing_and_the_truth(parked: Run) -> None:
    assert 0 < score(played(CHALLENGE, parked, "reference")).points < score(played(CHALLENGE, parked, "oracle")).points


def test_measures_of_the_truth(parked: Run) -> None:
    measures = score(played(CHALLENGE, parked, "oracle")).measures
    assert measures["mase_15"][0] == pytest.approx(0, abs=1e-4)
    assert measures["skill_persistence_60"][0] == pytest.approx(1, abs=1e-3)
    assert measures["coverage80_15"][0] > 0.3


def test_a_wrong_forecast_is_worse_than_none(parked: Run) -> None:
    wrong = [(int(moment), forecast([1.0] * 9)) for moment in parked.times[parked.first :]]
    assert score(replace(parked, answers=wrong)).points < 0


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (forecast([0.1] * 9, district="north"), "no parking bays: use east, west"),
        (forecast([0.1] * 9, minutes=30), "15 or 60 minutes"),
        (forecast([0.2, 0.1, *[0.3] * 7]), "ascend"),
        (forecast([math.nan] * 9), "finite"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_reason(city: City, answer: ParkingAnswer, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check(answer, 0, city)
