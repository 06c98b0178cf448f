#!/bin/sh
# Guess: the Kling-Gupta efficiency (KGE) of one forecast is one number.
# Seen: 0.598 for spotpy, hydroeval, scores and HydroErr's kge_2009, and 0.761 for permetrics' KGE, which compares coefficients of
#       variation (the formula of 2012, kge_2012 and kgeprime elsewhere) instead of standard deviations.
# Why here: levels and flows are scored by it, with limits such as 0.75; a forecast passes by the choice of the library.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check spotpy==1.6.7 hydroeval==0.1.0 HydroErr==2.0.0 permetrics==2.1.0 scores==2.7.0 xarray==2026.9.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END_PY'
from importlib.metadata import version

import HydroErr
import hydroeval
import numpy as np
import spotpy
import xarray as xr
from permetrics import RegressionMetric
from scores.continuous import kge

observed, forecast = np.array([1, 3, 2, 5, 4, 6.0]), np.array([1.5, 2.5, 2.5, 6, 5, 8])
of_2009 = {
    "spotpy": spotpy.objectivefunctions.kge(observed, forecast),
    "hydroeval": hydroeval.evaluator(hydroeval.kge, forecast, observed)[0][0],
    "scores": float(kge(xr.DataArray(forecast), xr.DataArray(observed))),
    "HydroErr": HydroErr.kge_2009(forecast, observed),
}
of_2012 = {
    "permetrics": RegressionMetric(observed, forecast).KGE(),
    "HydroErr": HydroErr.kge_2012(forecast, observed),
    "hydroeval": hydroeval.evaluator(hydroeval.kgeprime, forecast, observed)[0][0],
}
versions = {name: version(name) for name in ("spotpy", "hydroeval", "scores", "HydroErr", "permetrics")}
print(versions, "2009:", {k: round(float(v), 3) for k, v in of_2009.items()}, "2012:", {k: round(float(v), 3) for k, v in of_2012.items()})
assert np.allclose(list(of_2009.values()), 0.5979, atol=1e-4)
assert np.allclose(list(of_2012.values()), 0.7606, atol=1e-4)
END_PY
