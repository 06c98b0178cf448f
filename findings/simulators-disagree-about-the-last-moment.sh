#!/bin/sh
# Guess: a simulation until 10 runs, or leaves out, what happens at 10, whichever library runs it.
# Seen: simpy stops before it, salabim after it: of an event every 5 the one has 2, the other 3.
# Why here: a day of quarter hours has one reading more with the one, and totals of two models of one depot differ.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check simpy==4.1.2 salabim==26.0.9
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import salabim
import simpy

counts: dict[str, list[float]] = {"simpy": [], "salabim": []}


def ticks(env: simpy.Environment):
    while True:
        counts["simpy"].append(env.now)
        yield env.timeout(5)


env = simpy.Environment()
env.process(ticks(env))
env.run(until=10)

salabim.yieldless(False)
clock = salabim.Environment(trace=False)


class Ticks(salabim.Component):
    def process(self):
        while True:
            counts["salabim"].append(clock.now())
            yield self.hold(5)


Ticks()
clock.run(till=10)
print({f"{name} {version(name)}": times for name, times in counts.items()})
assert counts == {"simpy": [0, 5], "salabim": [0, 5, 10]}
END
