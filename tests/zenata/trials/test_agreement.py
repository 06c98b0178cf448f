"""Agreement with independent implementations on random input; docs/scoring.md has the table and the versions."""

import math
import warnings
from types import ModuleType

import numpy as np
import pytest

from zenata.trials.anomalies import nab, vus_pr
from zenata.trials.forecasts import LEVELS, brier, critical_success, crps, mase, pinball

SEEDS = range(20)


@pytest.fixture(scope="module")
def losses() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of escapes in its docstrings
        from utilsforecast import losses
    return losses


@pytest.mark.parametrize("seed", SEEDS)
def test_pinball_agrees_with_scikit_learn_and_utilsforecast(seed: int, losses: ModuleType) -> None:
    import pandas as pd
    from sklearn import metrics

    chance = np.random.default_rng(seed)
    observed, quantiles = chance.normal(size=50), np.sort(chance.normal(size=(50, 9)), axis=1)
    mine = pinball(observed, quantiles).mean(axis=0)
    sklearn = [metrics.mean_pinball_loss(observed, quantiles[:, k], alpha=p) for k, p in enumerate(LEVELS)]
    frame = pd.DataFrame({"unique_id": "a", "y": observed, **{f"q{k}": quantiles[:, k] for k in range(9)}})
    models = {"m": [f"q{k}" for k in range(9)]}
    assert mine == pytest.approx(sklearn)
    assert mine.mean() == pytest.approx(losses.mqloss(frame, models=models, quantiles=LEVELS)["m"].item())


@pytest.mark.parametrize("seed", SEEDS)
def test_crps_of_deciles_agrees_with_scoringrules(seed: int) -> None:
    import scoringrules

    chance = np.random.default_rng(seed)
    observed, quantiles = chance.gamma(2, size=50), np.sort(chance.gamma(2, size=(50, 9)), axis=1)
    assert crps(observed, quantiles) == pytest.approx(scoringrules.crps_quantile(observed, quantiles, LEVELS))


def test_crps_of_the_deciles_of_a_normal_is_above_the_exact_one() -> None:
    import scoringrules

    observed = np.random.default_rng(1).normal(size=100_000)
    deciles = np.array([-1.2815516, -0.8416212, -0.5244005, -0.2533471, 0, 0.2533471, 0.5244005, 0.8416212, 1.2815516])
    exact = scoringrules.crps_normal(observed, 0.0, 1.0).mean()
    assert crps(observed, deciles[None]).mean() / exact == pytest.approx(1.094, abs=0.002)


@pytest.mark.parametrize("seed", SEEDS)
def test_mase_agrees_with_utilsforecast(seed: int, losses: ModuleType) -> None:
    import pandas as pd

    chance = np.random.default_rng(seed)
    training, observed, forecast = chance.normal(size=(60, 1)), chance.normal(size=(12, 1)), chance.normal(size=(12, 1))
    test = pd.DataFrame({"unique_id": "a", "y": observed[:, 0], "m": forecast[:, 0]})
    train = pd.DataFrame({"unique_id": "a", "y": training[:, 0]})
    expected = losses.mase(test, models=["m"], seasonality=7, train_df=train)["m"].item()
    assert mase(observed, forecast, training, 7) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_brier_and_critical_success_agree_with_scikit_learn_and_scoringrules(seed: int) -> None:
    import scoringrules
    from sklearn import metrics

    chance = np.random.default_rng(seed)
    event, probability = (chance.random(80) < 0.3).astype(np.float64), chance.random(80)
    warned = (probability > 0.5).astype(np.float64)
    assert brier(event, probability) == pytest.approx(metrics.brier_score_loss(event, probability))
    assert brier(event, probability) == pytest.approx(scoringrules.brier_score(event, probability).mean())
    assert critical_success(event, warned) == pytest.approx(metrics.jaccard_score(event, warned))


@pytest.mark.parametrize(
    ("seed", "theirs"),
    [(0, 0.8597470396662638), (1, 0.8354228266142656), (2, 0.8141988885066308), (3, 0.7717567766605307)],
)
def test_vus_agrees_with_what_vus_gave(seed: int, theirs: float) -> None:
    """The numbers are those of vus 0.0.6, `RangeAUC_volume_opt`; it is not installed, as it brings TensorFlow."""
    chance = np.random.default_rng(seed)
    label = np.zeros(600, dtype=np.bool_)
    for begin in chance.integers(20, 500, 1 + seed % 3):
        label[begin : begin + chance.integers(5, 60)] = True
    score = np.round(chance.random(600) + label * chance.random(), 3)
    assert vus_pr(label, score, 16) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(
    ("seed", "theirs"),
    [
        (0, -1.55),
        (1, -1.9929935116790969),
        (2, -1.2899905611375209),
        (3, -3.2199990314497473),
        (4, -2.407583299659932),
        (5, -4.035154657031911),
        (6, -2.866317932230261),
    ],
)
def test_nab_agrees_with_what_its_own_scorer_gave(seed: int, theirs: float) -> None:
    """The numbers are those of `nab.sweeper` of github.com/numenta/NAB at ea702d7, which is no package."""
    chance = np.random.default_rng(seed)
    begin = np.sort(chance.choice(np.arange(2, 18), 3, replace=False)) * 20
    end = begin + chance.integers(2, 18, 3)
    alarms = chance.choice(400, chance.integers(1, 30), replace=False)
    assert nab(alarms, begin, end)[0] == pytest.approx(theirs)


def test_what_repeats_exactly_has_a_mase_in_neither_library(losses: ModuleType) -> None:
    import pandas as pd

    repeats = np.tile([1.0, 2.0], 6)
    frame = pd.DataFrame({"unique_id": "a", "y": repeats, "m": repeats})
    theirs = losses.mase(frame, models=["m"], seasonality=2, train_df=frame[["unique_id", "y"]])["m"].item()
    assert math.isnan(theirs) or theirs == 0
    assert mase(repeats[:, None], repeats[:, None], repeats[:, None], 2) == 0
