#!/bin/sh
# Guess: the rank of a value is the share of what is at or below it, as in the distribution function, so that of the greatest is 1;
#        two sketches of one package agree on four values, which both hold exactly.
# Seen: the KLL sketch counts what is below (0.75 for the greatest of four, 0 for the least) unless told inclusive; the t-digest
#       counts a half of the value itself (0.875 and 0.125), and takes no such word. get_cdf([2]) of 1, 2, 3, 4 is 0.25.
# Why here: "95 % of the hours keep the limit" loses the hours that are at the limit, which whole numbers often are.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasketches==5.2.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from datasketches import kll_floats_sketch, tdigest_double

kll, digest = kll_floats_sketch(200), tdigest_double()
for value in (1.0, 2.0, 3.0, 4.0):
    kll.update(value)
    digest.update(value)
ranks = [(sketch.get_rank(1.0), sketch.get_rank(4.0)) for sketch in (kll, digest)]
print("datasketches", version("datasketches"), "ranks of 1 and 4 among 1, 2, 3, 4: KLL", ranks[0], "t-digest", ranks[1])
print("KLL inclusive", kll.get_rank(4.0, True), "cdf at 2", kll.get_cdf([2.0])[0])
assert ranks == [(0.0, 0.75), (0.125, 0.875)]
assert (kll.get_rank(4.0, True), kll.get_cdf([2.0])[0]) == (1.0, 0.25)
END
