import numpy as np
import pytest


def test_a_heatwave_comes_up_and_is_strongest_in_the_afternoon(make, disturbed):
    wave = make("heatwave", hours=72, temperature=10)
    course = [disturbed(wave, after=hours).temperature for hours in range(73)]
    assert course[0] == pytest.approx(0)
    assert course[72] == pytest.approx(0)
    assert 24 + np.argmax(course[24:48]) == 24 + 14  # 15:00 in Casablanca
    assert (max(course), course[26]) == pytest.approx((10, 5))
    assert np.abs(np.diff(course)).max() < 2.5


def test_a_storm_peaks_in_its_middle_and_blocks_drains(make, disturbed):
    storm = make("flood", rain=60, drainage=0.5)
    assert [disturbed(storm, after=hours).rain for hours in (0, 2.5, 5, 7.5, 10)] == pytest.approx([0, 30, 60, 30, 0])
    assert disturbed(storm, storm).drainage == 0.25
    assert storm.severity == 0.75


def test_an_episode_fills_the_air_and_stills_the_wind(make, disturbed):
    episode = make("pollution_episode", hours=48, no2=3, wind=0.2)
    full = disturbed(episode, after=24)
    assert full.background == pytest.approx([3, 2, 2, 1, 1.5])
    assert episode.severity == 1.0
    assert make("pollution_episode", wind=1.0).severity < make("pollution_episode").severity < 1
    assert full.wind == pytest.approx(0.2)
    early = disturbed(episode, after=3)
    assert early.background[0] == pytest.approx(2)
    assert early.wind == pytest.approx(0.6)


def test_they_act_on_all_districts(make, city):
    for type_ in ("heatwave", "flood", "pollution_episode"):
        assert make(type_).targets == ("homes", "offices")
        assert make(type_).public
