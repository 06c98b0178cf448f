#!/bin/sh
# Guess: the quantile loss of a forecast is one number, and sMAPE another, whichever library computes them.
# Seen: gluonts and darts have twice the quantile loss of scikit-learn and utilsforecast; sMAPE is 12.7 in darts, 0.127 in
#       gluonts and 0.064 in utilsforecast, for the same three values.
# Why here: figures of a pilot's own notebook do not compare with ours until both name the scale; ours is the plain loss.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check darts==0.48.1 gluonts==0.17.0 utilsforecast==0.2.17 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'END'
import logging
from importlib.metadata import version

import gluonts.ev.stats
import numpy as np
import pandas as pd
from sklearn.metrics import mean_pinball_loss

logging.disable(logging.CRITICAL)
import darts.metrics
import utilsforecast.losses
from darts import TimeSeries

truth, forecast, level = np.array([10.0, 20.0, 30.0]), np.array([12.0, 18.0, 33.0]), 0.9
frame = pd.DataFrame({"unique_id": "meter", "ds": [1, 2, 3], "y": truth, "model": forecast})
label = {"label": truth, "0.9": forecast, "0.5": forecast}
series, quantile = TimeSeries.from_values(truth), (np.array([level]), pd.Index(["q"]))
predicted = TimeSeries.from_values(forecast[:, None], columns=["q"])
loss = {
    "scikit-learn": mean_pinball_loss(truth, forecast, alpha=level),
    "utilsforecast": utilsforecast.losses.quantile_loss(frame, models={"model": "model"}, q=level)["model"].item(),
    "gluonts": gluonts.ev.stats.quantile_loss(label, level).mean(),
    "darts": darts.metrics.mql(series, predicted, q=quantile),
}
smape = {
    "utilsforecast": utilsforecast.losses.smape(frame, models=["model"])["model"].item(),
    "gluonts": gluonts.ev.stats.symmetric_absolute_percentage_error(label, "0.5").mean(),
    "darts": darts.metrics.smape(series, predicted),
}
loss, smape = ({name: round(float(value), 4) for name, value in scores.items()} for scores in (loss, smape))
print({name: version(name) for name in loss}, "quantile loss:", loss, "sMAPE:", smape)
assert loss == {"scikit-learn": 0.7667, "utilsforecast": 0.7667, "gluonts": 1.5333, "darts": 1.5333}
assert smape == {"utilsforecast": 0.0637, "gluonts": 0.1274, "darts": 12.744}
END
