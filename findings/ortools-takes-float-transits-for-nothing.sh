#!/bin/sh
# Guess: a transit callback of the routing model that returns 2.0 counts as 2, or the float is an error, as it is in a
#        transit matrix.
# Seen: each leg costs 0: the solver returns any tour as one of cost 0, without an error. numpy.int64 is taken,
#       numpy.float64 is not.
# Why here: distances of numpy are floats; a service that routes trucks by them drives any tour, and the score shows
#           it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ortools==9.15.6755
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from ortools.constraint_solver import pywrapcp

costs = {}
for leg in (2, 2.0, 1.9):
    nodes = pywrapcp.RoutingIndexManager(3, 1, 0)
    routing = pywrapcp.RoutingModel(nodes)
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitCallback(lambda a, b: leg))
    costs[str(leg)] = routing.Solve().ObjectiveValue()
print("ortools", version("ortools"), "a tour of three legs costs", costs)
assert costs == {"2": 6, "2.0": 0, "1.9": 0}
try:
    routing.RegisterTransitMatrix([[0.0, 1.9], [1.9, 0.0]])
except TypeError as error:
    print("a matrix of floats:", error)
else:
    raise SystemExit("a matrix of floats is taken now")
END
