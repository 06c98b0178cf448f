#!/bin/sh
# Guess: the speed at a detector that no car passed is absent or NaN.
# Seen: it is -1, for induction loops (speed) as for areas (meanSpeed): the mean of a street from 10 to 11 o'clock falls
#       with each empty minute. edgeData of the same file leaves the attribute out.
# Why here: services that learn speeds from detectors take their data from here; our sensors leave such a value out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check eclipse-sumo==1.28.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
import subprocess
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

Path("n.nod.xml").write_text('<nodes><node id="a" x="0" y="0"/><node id="b" x="500" y="0"/></nodes>')
Path("n.edg.xml").write_text('<edges><edge id="ab" from="a" to="b" numLanes="1" speed="13.89"/></edges>')
subprocess.run(["venv/bin/netconvert", "-n", "n.nod.xml", "-e", "n.edg.xml", "-o", "net.xml"], check=True, capture_output=True)
Path("r.rou.xml").write_text('<routes><route id="r" edges="ab"/><vehicle id="v" route="r" depart="70"/></routes>')
Path("add.xml").write_text(
    '<additional><inductionLoop id="loop" lane="ab_0" pos="250" period="60" file="loop.xml"/>'
    '<laneAreaDetector id="area" lane="ab_0" pos="100" endPos="200" period="60" file="area.xml"/>'
    '<edgeData id="edge" file="edge.xml" period="60"/></additional>'
)
options = ["-n", "net.xml", "-r", "r.rou.xml", "-a", "add.xml", "-e", "180", "--no-step-log"]
subprocess.run(["venv/bin/sumo", *options], check=True, capture_output=True)


def speeds(file: str, element: str, attribute: str) -> list[str | None]:
    return [found.get(attribute) for found in ElementTree.parse(file).getroot().iter(element)]


seen = {
    "loop": speeds("loop.xml", "interval", "speed"),
    "area": speeds("area.xml", "interval", "meanSpeed"),
    "edge": speeds("edge.xml", "edge", "speed"),
}
print("SUMO", version("eclipse-sumo"), "speeds of three minutes, a car in the second:", seen)
for name, empty in (("loop", "-1.00"), ("area", "-1.00"), ("edge", None)):
    assert seen[name][0] == seen[name][2] == empty and float(seen[name][1]) > 5
END
