#!/bin/sh
# Guess: cars behind one that stands still on the only lane wait until it goes on.
# Seen: each is lifted over it after 300 s of waiting ("teleporting", --time-to-teleport) and arrives; only a line of
#       stderr tells. The car that stands is in no tripinfo, for that holds arrived cars only.
# Why here: a blocked street looks passable, with waits of five minutes a car; compare with --time-to-teleport -1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check eclipse-sumo==1.28.0
"$folder/venv/bin/python" -W ignore - <<'END'
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

NODES = '<nodes><node id="a" x="0" y="0"/><node id="b" x="500" y="0"/><node id="c" x="1000" y="0"/></nodes>'
EDGES = '<edges><edge id="ab" from="a" to="b" numLanes="1"/><edge id="bc" from="b" to="c" numLanes="1"/></edges>'
ROUTES = """<routes><route id="road" edges="ab bc"/>
<vehicle id="stands" route="road" depart="0"><stop lane="ab_0" endPos="400" duration="3600"/></vehicle>
<vehicle id="second" route="road" depart="10"/><vehicle id="third" route="road" depart="20"/></routes>"""
tools, seen = Path(sys.executable).parent, {}
with TemporaryDirectory() as name:
    folder = Path(name)
    for file, text in (("nodes", NODES), ("edges", EDGES), ("routes", ROUTES)):
        (folder / f"{file}.xml").write_text(text)
    net = [tools / "netconvert", "-n", folder / "nodes.xml", "-e", folder / "edges.xml", "-o", folder / "net.xml"]
    subprocess.run(net, check=True, capture_output=True)
    for title, options in (("by default", []), ("never", ["--time-to-teleport", "-1"])):
        trips = folder / "trips.xml"
        sumo = [tools / "sumo", "-n", folder / "net.xml", "-r", folder / "routes.xml", "--end", "1800"]
        subprocess.run([*sumo, "--tripinfo-output", trips, *options], check=True, capture_output=True)
        seen[title] = {trip.get("id"): float(trip.get("waitingTime")) for trip in ElementTree.parse(trips).getroot()}
print("eclipse-sumo", version("eclipse-sumo"), "waits of arrived cars [s] by time to teleport:", seen)
assert set(seen["by default"]) == {"second", "third"} and 300 <= seen["by default"]["second"] < 310
assert seen["never"] == {}
END
