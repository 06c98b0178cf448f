#!/bin/sh
# Guess: since CQL2 (OGC 21-065) a filter finds the same features in each library: in LIKE, _ is any one character, a point is
#        a point.
# Seen: pygeofilter has them the other way round: 'a.1' finds aX1 as well, and 'a_1' not even a.1. cql2 does as the standard
#       says. % is the same in both.
# Why here: names of stations have points and underscores; one filter selects other stations on two servers of one standard.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pygeofilter==0.4.0 shapely==2.2.0 cql2==0.6.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import cql2
from pygeofilter.backends.native.evaluate import NativeEvaluator
from pygeofilter.parsers.cql2_text import parse

names = ["a.1", "aX1", "a_1", "b.1"]
seen = {}
for pattern in ("a.1", "a_1", "a%1"):
    asked = f"name LIKE '{pattern}'"
    native = NativeEvaluator({}, {"name": "name"}, use_getattr=False).evaluate(parse(asked))
    features = {name: {"type": "Feature", "geometry": None, "properties": {"name": name}} for name in names}
    seen[pattern] = {
        "cql2": [name for name in names if cql2.Expr(asked).matches(features[name])],
        "pygeofilter": [name for name in names if native({"name": name})],
    }
print({name: version(name) for name in ("cql2", "pygeofilter")}, seen)
assert seen == {
    "a.1": {"cql2": ["a.1"], "pygeofilter": ["a.1", "aX1", "a_1"]},
    "a_1": {"cql2": ["a.1", "aX1", "a_1"], "pygeofilter": ["a_1"]},
    "a%1": {"cql2": ["a.1", "aX1", "a_1"], "pygeofilter": ["a.1", "aX1", "a_1"]},
}
END
