#!/bin/sh
# Guess: the dual of "production = demand" is the price of power: 5, what one kWh more costs, whoever solves it.
# Seen: cvxpy says -5, HiGHS and scipy 5, of one problem. Written as "production >= demand" it is 5 in cvxpy too, and -5 in
#       scipy, which knows such limits only turned round.
# Why here: prices at nodes are compared across tools; a service's tariff comes out below zero, and it pays for charging.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cvxpy==1.9.3 highspy==1.16.0 scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import cvxpy
import highspy
from scipy.optimize import linprog

# Two plants of 3 and 5 per kWh, the first of 6 kWh at most; demand 10 kWh.
plants = cvxpy.Variable(2, nonneg=True)
balance, served = cvxpy.sum(plants) == 10, cvxpy.sum(plants) >= 10
duals = []
for limit in (balance, served):
    cvxpy.Problem(cvxpy.Minimize(plants @ [3, 5]), [limit, plants[0] <= 6]).solve()
    duals.append(round(float(limit.dual_value), 3))
bounds = [(0, 6), (0, None)]
by_scipy = [
    float(linprog([3, 5], A_eq=[[1, 1]], b_eq=[10], bounds=bounds).eqlin.marginals[0]),
    float(linprog([3, 5], A_ub=[[-1, -1]], b_ub=[-10], bounds=bounds).ineqlin.marginals[0]),
]
solver = highspy.Highs()
solver.silent()
cheap, dear = solver.addVariable(lb=0, ub=6), solver.addVariable(lb=0)
solver.addConstr(cheap + dear == 10)
solver.minimize(3 * cheap + 5 * dear)
by_highs = solver.getSolution().row_dual[0]
print("cvxpy", version("cvxpy"), "= and >=", duals, "scipy", version("scipy"), by_scipy, "highspy", version("highspy"), "=", by_highs)
assert duals == [-5, 5] and by_scipy == [5, -5] and by_highs == 5
END
