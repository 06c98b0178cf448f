#!/bin/sh
# Guess: a test for clusters (Moran's I) reads the weights of neighbours and leaves them as they are.
# Seen: it turns the caller's weights into shares (each row sums to 1): the lag that counted 16 complaints around a district
#       is their mean, 4, afterwards. Geary does the same; G turns them back into ones. No word, and a copy is the way out.
# Why here: complaints and sensors around a district are summed with the same weights; the order of two cells decides the sum.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check esda==2.9.0 libpysal==4.14.1
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import esda
import libpysal
import numpy

weights, complaints = libpysal.weights.lat2W(3, 3), numpy.arange(9.0)
around = {"before": libpysal.weights.lag_spatial(weights, complaints)[4]}
for test in (esda.Moran, esda.G, esda.Geary):
    test(complaints, weights, permutations=0)
    around[test.__name__] = libpysal.weights.lag_spatial(weights, complaints)[4]
print("esda", version("esda"), "around the middle:", {name: float(value) for name, value in around.items()})
assert list(around.values()) == [16, 4, 16, 4]
END
