#!/bin/sh
# Guess: cars on an empty road drive as fast as its limit, or slower.
# Seen: each has a limit of its own, a factor about 1 with a deviation of 0.1 (speedDev): on a road of 50 km/h, with a car
#       a minute, a third is faster than 50 on the whole way, one at 59 km/h. speedDev="0" changes it.
# Why here: a service that finds speeders finds them among cars that were to keep to the limit.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check eclipse-sumo==1.28.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

LIMIT = 13.89
Path("n.nod.xml").write_text('<nodes><node id="a" x="0" y="0"/><node id="b" x="3000" y="0"/></nodes>')
Path("n.edg.xml").write_text(f'<edges><edge id="ab" from="a" to="b" numLanes="1" speed="{LIMIT}"/></edges>')
subprocess.run(["venv/bin/netconvert", "-n", "n.nod.xml", "-e", "n.edg.xml", "-o", "net.xml"], check=True, capture_output=True)
seen = {}
for name, types in (("default", ""), ("speedDev 0", '<vType id="DEFAULT_VEHTYPE" speedDev="0"/>')):
    flow = '<route id="r" edges="ab"/><flow id="f" route="r" begin="0" end="7200" period="60" departSpeed="desired"/>'
    Path("r.rou.xml").write_text(f"<routes>{types}{flow}</routes>")
    options = ["-n", "net.xml", "-r", "r.rou.xml", "--tripinfo-output", "t.xml", "--seed", "42", "--no-step-log"]
    subprocess.run(["venv/bin/sumo", *options], check=True, capture_output=True)
    trips = re.findall(r'duration="([\d.]+)" routeLength="([\d.]+)"', Path("t.xml").read_text())
    speeds = [float(length) / float(duration) for duration, length in trips]
    seen[name] = len(speeds), sum(speed > LIMIT * 1.001 for speed in speeds), round(max(speeds) * 3.6, 1)
print("SUMO", version("eclipse-sumo"), "limit", round(LIMIT * 3.6), "km/h: cars, faster on the whole way, fastest in km/h:", seen)
assert seen["default"][0] == 120 and seen["default"][1] > 20 and seen["default"][2] > 54 and seen["speedDev 0"][1] == 0
END
