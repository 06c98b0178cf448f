import pytest

from zenata.errors import ScenarioError


def test_a_leak_opens_over_its_growth(make, disturbed):
    leak = make("leak", target="street-0003", area=0.002, growth=7200)
    assert [disturbed(leak, after=hours).leak[2] for hours in (0, 0.5, 1, 2, 9)] == pytest.approx(
        [0, 5e-4, 1e-3, 2e-3, 2e-3]
    )
    assert leak.targets == ("street-0003",)
    assert leak.severity == pytest.approx(0.4)


def test_leaks_in_one_pipe_add_up(make, disturbed):
    holes = disturbed(make("leak", target="street-0003"), make("pipe_burst", target="street-0003", area=0.01))
    assert holes.leak[2] == pytest.approx(0.0105)
    assert holes.leak.sum() == holes.leak[2]


def test_a_burst_is_there_at_once_and_worse(make, disturbed):
    burst = make("pipe_burst", target="water-0001")
    assert disturbed(burst, after=0).leak.max() == 0.003
    assert burst.severity > make("leak", target="water-0001").severity


def test_any_street_has_a_pipe_but_motorways(make, city):
    roads = {city.streets[int(make("leak", id_=f"l{n}").targets[0][-4:]) - 1].road for n in range(40)}
    assert roads == {"primary", "secondary", "residential"}
    motorway = next(street.id for street in city.streets if street.road == "motorway")
    with pytest.raises(ScenarioError, match="no pipe runs under"):
        make("leak", target=motorway)
