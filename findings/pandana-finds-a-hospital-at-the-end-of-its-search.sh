#!/bin/sh
# Guess: where no hospital lies within the distance searched, there is none: NaN, or a distance of infinity.
# Seen: pandana says that one lies exactly at that distance: at 1000 m for a search of 1000 m, at 2000 m for one of 2000 m, while
#       the way is 5000 m. The mean over the district falls with the distance that was searched.
# Why here: access to services is a score of districts; the worst served houses look the better the less far one looks.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandana==0.8 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - > "$folder/out" <<'END_PY'
from importlib.metadata import version

import pandana
import pandas as pd

streets = pandana.Network(
    node_x=pd.Series([0.0, 0, 0]),
    node_y=pd.Series([0.0, 100, 5000]),
    edge_from=pd.Series([0, 1]),
    edge_to=pd.Series([1, 2]),
    edge_weights=pd.DataFrame({"metres": [100.0, 4900]}),
    twoway=True,
)
seen = {}
for metres in (1000, 2000, 6000):
    streets.set_pois("hospital", metres, 1, pd.Series([0.0]), pd.Series([0.0]))
    seen[metres] = streets.nearest_pois(metres, "hospital", num_pois=1)[1].tolist()
print("pandana", version("pandana"), "distances to the hospital by distance searched:", seen)
assert seen == {1000: [0, 100, 1000], 2000: [0, 100, 2000], 6000: [0, 100, 5000]}
END_PY
tail -n 1 "$folder/out"
