import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from simulators.domains.weather.field import Clouds, behind_front, local_clearness, site_positions, solar_days
from tests.simulators.conftest import small_city
from zenata.city.clock import SECOND

DRIFT = np.array([[6.0, 2.0], [3.0, -4.0]])


def ramps(distance, minutes, days=60):
    """Correlation of the changes of clearness over some minutes at two sites some metres apart, seen at noon hours."""
    sites = np.stack([np.arange(8) * 7_000.0, np.zeros(8)], axis=1)
    clouds = Clouds(3, np.concatenate([sites, sites + np.array([0.0, distance])]))
    changes = []
    for day in range(20_000, 20_000 + days):
        for step in range(0, 60, 5):
            first = local_clearness(0.6, clouds.at(day + step / 1440, DRIFT))
            changes.append(local_clearness(0.6, clouds.at(day + (step + minutes) / 1440, DRIFT)) - first)
    one, other = np.split(np.array(changes), 2, axis=1)
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_ramps_of_near_sites_go_together_and_of_far_ones_do_not():
    near, middle, far = (ramps(distance, 5) for distance in (50.0, 500.0, 3_000.0))
    assert near > 0.9
    assert near > middle + 0.2
    assert middle > far
    assert abs(far) < 0.25


def test_ramps_over_longer_times_go_together_over_longer_distances():
    assert ramps(300.0, 20) > ramps(300.0, 0.5) + 0.1


def test_what_a_place_gets_varies_the_less_the_faster_as_plants_do():
    """Spectra of single plants fall with the frequency to the power of 1.23 to 1.56 (Klima and Apt 2015), here from 2 h to 10 min."""
    clouds = Clouds(3, np.stack([np.arange(12) * 9_000.0, np.zeros(12)], axis=1))
    minutes, window = 12 * 60, np.hanning(12 * 60)[:, None]
    density = np.zeros((minutes // 2 + 1, 12))
    for day in range(20_000, 20_012):
        index = np.array([local_clearness(0.6, clouds.at(day + step / 1440, DRIFT)) for step in range(minutes)])
        density += np.abs(np.fft.rfft((index - index.mean(axis=0)) * window, axis=0)) ** 2
    frequency = np.fft.rfftfreq(minutes, 60.0)
    some = (frequency > 1 / 7200) & (frequency < 1 / 600)
    weight = 1 / np.sqrt(frequency[some])  # each octave counts the same
    slope = np.polyfit(np.log(frequency[some]), np.log(density.mean(axis=1)[some]), 1, w=weight)[0]
    assert 1.1 < -slope < 1.7


@pytest.mark.parametrize("clearness", [0.1, 0.3, 0.5, 0.8, 0.98])
def test_clouds_let_through_what_the_city_s_clearness_says(clearness):
    field = np.random.default_rng(1).standard_normal(200_000)
    local = local_clearness(clearness, field)
    assert local.mean() == pytest.approx(clearness, abs=0.015)
    assert local.min() >= 0
    assert local.max() <= 1


def test_the_field_has_unit_variance_and_no_step_at_any_time_of_day():
    clouds = Clouds(5, np.stack([np.arange(400) * 9_000.0, np.zeros(400)], axis=1))
    days = 20_000 + np.arange(0, 3, 1 / 24)
    assert np.std([clouds.at(day, DRIFT) for day in days]) == pytest.approx(1, abs=0.1)
    steps = {}
    for hour in np.arange(0, 24, 0.5):  # the drift of each day must be handed over at its noon
        before, after = 20_000 + hour / 24 - 1e-6, 20_000 + hour / 24 + 1e-6
        drifts = [DRIFT, np.roll(DRIFT, 0, axis=0)]
        steps[hour] = np.abs(clouds.at(after, drifts[0]) - clouds.at(before, drifts[1])).max()
    assert max(value for hour, value in steps.items() if hour) < 0.05


def test_a_noon_hands_over_to_the_next_day():
    clouds, drifts = Clouds(5, np.zeros((1, 2))), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert_allclose(clouds.at(20_001 - 1e-9, drifts[:2]), clouds.at(20_001.0, drifts[1:]), atol=1e-5)


def test_it_is_the_same_field_in_any_order():
    sites = np.array([[0.0, 0.0], [900.0, -200.0]])
    clouds, days = Clouds(7, sites), (20_000.3, 20_009.7, 20_000.3, 20_001.2)
    seen = [clouds.at(day, DRIFT) for day in days]
    assert_array_equal(seen[0], seen[2])
    assert_array_equal(Clouds(7, sites).at(days[3], DRIFT), seen[3])
    assert np.abs(Clouds(8, sites).at(days[3], DRIFT) - seen[3]).max() > 0.01


def test_the_front_reaches_the_coast_first_and_passes_the_city_within_an_hour():
    inland = np.array([0.0, 1_700.0, 3_400.0])
    passed = [behind_front(inland, hour, 10.0) for hour in (9.5, 10.3, 11.2)]
    assert passed[0].max() < 0.01
    assert passed[1][0] > 0.9 > 0.1 > passed[1][2]
    assert passed[2].min() > 0.99


def test_sites_are_in_metres_and_solar_days_whole_at_noon():
    city = small_city()
    one, other = (city.sensor_by_id[name] for name in ("weather-0001", "noise-0001"))
    east, north = (site_positions([other], one.longitude, one.latitude))[0]
    assert east == pytest.approx(100, rel=0.01)
    assert north == pytest.approx(-390, rel=0.01)
    assert solar_days(20_000 * 86_400 * SECOND + 43_200 * SECOND, 0.0) == 20_000
    assert solar_days(20_000 * 86_400 * SECOND, -180.0) == 19_999
