#!/bin/sh
# Guess: the telegram that recalls the first scene of a room has one number in each KNX library: 1 as in ETS, or 0 as on the bus.
# Seen: xknx reads 1 of a scene number (17.001); knx and knxultimate read 0 of it, and 1 of the same scene in a scene control
#       (18.001).
# Why here: scenes of halls and street lamps are recalled by number; the neighbouring scene is lit, and no error says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check xknx==4.0.0
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . knx@2.5.4 knxultimate@5.4.0 > /dev/null
venv/bin/python - <<'END'
from importlib.metadata import version

from xknx.dpt import DPTArray, DPTSceneNumber

seen = DPTSceneNumber.from_knx(DPTArray((0,)))
print("xknx", version("xknx"), "reads the first scene as", seen)
assert seen == 1
END
cat > run.cjs <<'END'
const assert = require("node:assert");

const readers = { knx: require("knx/src/dptlib"), knxultimate: require("knxultimate").dptlib };
for (const [name, types] of Object.entries(readers)) {
  const read = (type) => types.fromBuffer(Buffer.from([0]), types.resolve(type));
  const seen = [read("DPT17.001"), read("DPT18.001").scenenumber];
  console.log(name, require(`${name}/package.json`).version, "reads the first scene as", seen[0], "and its control as", seen[1]);
  assert.deepStrictEqual(seen, [0, 1]);
}
process.exit(0);
END
node run.cjs
