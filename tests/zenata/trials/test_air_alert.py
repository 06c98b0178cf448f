"""air-alert: when a limit is exceeded, points, measures, and what is refused."""

import math
from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.zenata.trials.conftest import AIR_FIRST as FIRST
from tests.zenata.trials.conftest import AIR_STATIONS as STATIONS
from tests.zenata.trials.conftest import AIR_STEPS as STEPS
from tests.zenata.trials.conftest import air_run, air_tables, played
from zenata.city.model import City
from zenata.contract.answers import AirAlert, AirAnswer
from zenata.trials.air_alert import (
    AHEAD,
    CHALLENGE,
    POLLUTANTS,
    check,
    climate,
    events,
    exceeded,
    foreseen,
    score,
    within,
)
from zenata.trials.challenge import Run


@pytest.fixture(scope="module")
def breathed(city: City) -> Run:
    """Return ten days of air."""
    return air_run(city)


def alert(probability: float, station: int = 0, pollutant: str = "pm10") -> AirAnswer:
    named = AirAlert(station=f"air-{station + 1:04d}", pollutant=pollutant, probability=probability)  # type: ignore[arg-type] # the words are those of the contract
    return AirAnswer(alerts=(named,))


def test_a_limit_is_that_of_the_mean_of_hours_and_not_before_they_are_over() -> None:
    peak = np.full((STEPS, STATIONS), 90.0)
    peak[50:58, 1] = 111.0  # eight hours above the limit of ozone in the mean once six of them are in it
    over = exceeded(air_tables(o3=peak))
    assert np.flatnonzero(over[:, 1, POLLUTANTS.index("o3")]).tolist() == list(range(53, 62))
    assert not over[..., :3].any()
    assert not exceeded(air_tables(pm10=np.full((STEPS, STATIONS), 500.0)))[:23].any()
    assert exceeded(air_tables(pm10=np.full((STEPS, STATIONS), 500.0)))[23:, :, 1].all()


def test_what_is_ahead_are_the_six_steps_after_this_one() -> None:
    over = np.zeros((20, 1), dtype=np.bool_)
    over[10] = True
    assert np.flatnonzero(within(over)).tolist() == list(range(10 - AHEAD, 10))


def test_points_rise_from_policy_to_policy(breathed: Run) -> None:
    points = [score(played(CHALLENGE, breathed, name)).points for name in ("naive", "reference", "oracle")]
    assert 0 < points[0] < points[1] < points[2]


def test_measures_of_the_truth_and_of_nothing(breathed: Run) -> None:
    best, idle = score(played(CHALLENGE, breathed, "oracle")).measures, score(breathed).measures
    assert best["brier"][0] == 0
    assert best["csi"][0] == best["csi_onset"][0] == best["skill_persistence"][0] == best["answered"][0] == 1
    assert idle["csi"] == idle["csi_climatology"]
    assert idle["answered"][0] == 0
    assert 0.05 < idle["base_rate"][0] < 0.7


def test_the_loss_is_the_brier_score_of_scikit_learn(breathed: Run) -> None:
    from sklearn import metrics

    made = played(CHALLENGE, breathed, "reference")
    over = exceeded(breathed.truth)
    event = within(over)[FIRST : STEPS - AHEAD].ravel()
    given = np.zeros((STEPS, STATIONS, len(POLLUTANTS)))
    index = {time: number for number, time in enumerate(breathed.times.tolist())}
    for time, answer in made.answers:
        assert isinstance(answer, AirAnswer)
        for one in answer.alerts:
            at = index[time], int(one.station[-4:]) - 1, POLLUTANTS.index(one.pollutant)
            given[at] = one.probability
    loss = metrics.brier_score_loss(event, given[FIRST : STEPS - AHEAD].ravel())
    usual = np.broadcast_to(climate(over[:FIRST]), given[FIRST : STEPS - AHEAD].shape).ravel()
    found = score(made)
    assert found.measures["brier"][0] == pytest.approx(loss)
    assert found.points == pytest.approx(100 * (1 - loss / metrics.brier_score_loss(event, usual)))
    assert found.measures["csi"][0] == pytest.approx(
        metrics.jaccard_score(event, given[FIRST : STEPS - AHEAD].ravel() >= 0.5)
    )


def test_a_report_has_the_shares_of_stations_that_exceed_and_that_were_forecast(breathed: Run) -> None:
    shown = CHALLENGE.exhibit(played(CHALLENGE, breathed, "oracle")) if CHALLENGE.exhibit else None
    assert shown is not None
    assert [chart.of for chart in shown.charts] == ["> 25 ug/m3", "> 100 ug/m3", "> 37.5 ug/m3", "> 100 ug/m3"]
    for chart in shown.charts:
        truth, forecast = (curve.values for curve in chart.curves)
        assert truth == forecast
        assert len(truth) == STEPS - FIRST - AHEAD


def test_the_skill_of_what_hardly_ever_happens_is_not_stated(breathed: Run) -> None:
    clean = {**breathed.truth, "o3": air_tables()["o3"]}
    measures = score(replace(breathed, truth=clean)).measures
    assert math.isnan(measures["skill_o3"][0])
    assert measures["skill_pm10"][0] == pytest.approx(0)


def test_a_wrong_warning_is_worse_than_none(breathed: Run) -> None:
    always = [(int(time), alert(1.0)) for time in breathed.times[FIRST:]]
    assert score(replace(breathed, answers=always)).points < 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"probability": 1.2}, "<= 1"),
        ({"probability": -0.1}, ">= 0"),
        ({"pollutant": "co"}, "Invalid enum"),
        ({"level": 3}, "unknown field"),
    ],
)
def test_what_is_no_alert_is_refused(body: Mapping[str, object], why: str) -> None:
    one = {"station": "air-0001", "pollutant": "no2", "probability": 0.5, **body}
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert({"alerts": [one]}, AirAnswer)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(b'{"alerts":[{"station":"air-0001","pollutant":"no2","probability":NaN}]}', type=AirAnswer)


def test_a_station_that_is_none_is_refused(breathed: Run) -> None:
    check(alert(0.5, 4), 0, breathed.city)
    with pytest.raises(ValueError, match="unknown station 'air-0006': name an air quality station"):
        check(alert(0.5, 5), 0, breathed.city)


def test_episodes_begin_before_the_last_day() -> None:
    for seed in range(20):
        found = events(np.random.default_rng(seed))
        assert sum(event["type"] == "pollution_episode" for event in found) >= 1
        assert all(int(event["start"][1:-1]) < CHALLENGE.warm_up + CHALLENGE.duration for event in found)


def test_hours_over_a_limit_are_foreseen_by_a_warning_of_the_hours_before() -> None:
    over, warned = (np.zeros((20, 1, 1), dtype=np.bool_) for _ in range(2))
    over[10:14] = True
    assert foreseen(over, warned) == 0
    warned[6] = True  # for the hours 7 to 12
    assert foreseen(over, warned) == 3
    warned[10:] = True
    assert foreseen(over, warned) == 4
    assert foreseen(over, over) == 3  # of the first hour nobody warned


def test_the_truth_foresees_more_hours_than_the_climatology(breathed: Run) -> None:
    assert score(played(CHALLENGE, breathed, "oracle")).impact["hours_foreseen"][0] > 0
    assert score(breathed).impact["hours_foreseen"] == (0.0, "h")
