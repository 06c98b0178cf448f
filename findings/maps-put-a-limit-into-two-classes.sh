#!/bin/sh
# Guess: with the limits 20 and 40, a value of 20 has one colour on maps of each library.
# Seen: mapclassify, by which geopandas draws, puts it below its limit (first class); branca, by which folium draws, and
#       d3-scale above (second class).
# Why here: indices of air say "up to 20"; a day at the limit is good on one map and fair on the other.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mapclassify==2.10.0 branca==0.8.2 numpy==2.4.6
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . d3-scale@4.0.3 > /dev/null
node --input-type=module -e 'import { scaleThreshold } from "d3-scale"; console.log(scaleThreshold().domain([20, 40]).range([0, 1, 2])(20))' > d3.txt
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version
from pathlib import Path

import branca.colormap
import mapclassify
import numpy as np

scale = branca.colormap.StepColormap(["lime", "yellow", "red"], index=[0, 20, 40, 60])
colours = [scale(value) for value in (10, 30, 50)]
by_mapclassify = int(mapclassify.UserDefined(np.array([20.0, 55.0]), [20, 40, 60]).yb[0])
by_branca = colours.index(scale(20))
by_d3 = int(Path("d3.txt").read_text())
print("class of 20: mapclassify", version("mapclassify"), by_mapclassify, "branca", version("branca"), by_branca, "d3-scale 4.0.3", by_d3)
assert (by_mapclassify, by_branca, by_d3) == (0, 1, 1)
END
