#!/bin/sh
# Guess: the driest March of thirty has a standardised precipitation index (SPI) near -2, whichever library computes it: once in
#        thirty years.
# Seen: spei gives the driest of most calendar months less than -4, down to -8, a chance of one in 10^15; its gamma
#       distribution may begin at the least value, which is then all but impossible. standard-precip, by the same maximum
#       likelihood, has none below -3. No warning.
# Why here: bans on watering follow the classes of this index, and -2 is "extremely dry"; look at the least value first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check spei==0.8.2 standard-precip==2.0.0 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import numpy
import pandas
import spei
from standard_precip.spi import SPI

months = pandas.date_range("1990-01-01", periods=360, freq="MS")
rain = pandas.Series(numpy.random.default_rng(1).gamma(0.8, 40, 360), index=months)
frame = pandas.DataFrame({"date": months, "rain": rain.values})
table = SPI().calculate(frame, "date", "rain", fit_type="mle", dist_type="gam")
seen = {}
for name, index in (("spei", spei.spi(rain).values), ("standard-precip", table["rain_calculated_index"].values)):
    driest = pandas.Series(index).groupby(months.month).min()
    seen[name] = (round(float(driest.min()), 1), int((driest < -4).sum()))
print({name: version(name) for name in seen}, "least of all, and calendar months with one below -4:", seen)
assert rain.min() > 0 and seen["spei"][0] < -6 and seen["spei"][1] > 6
assert seen["standard-precip"][0] > -3.5 and seen["standard-precip"][1] == 0
END
