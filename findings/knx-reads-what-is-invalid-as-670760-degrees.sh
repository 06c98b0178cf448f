#!/bin/sh
# Guess: 7FFFh in a temperature of KNX (9.001), which the standard has for "invalid data", is no number, and 0064h in a
#        percentage of 16 bits (8.010, steps of 0.01 %) is 1 %.
# Seen: knx and knxultimate read 670760.96 degrees and 100 %; xknx refuses the one and reads 1 % of the other.
# Why here: a room sensor that starts up heats the mean of its district, and a valve that is 1 % open is shown as wide open.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check xknx==4.0.0
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . knx@2.5.4 knxultimate@5.4.0 > /dev/null
venv/bin/python - <<'END'
from importlib.metadata import version

from xknx.dpt import DPTArray, DPTPercentV16, DPTTemperature
from xknx.exceptions import ConversionError

opened = DPTPercentV16.from_knx(DPTArray((0, 0x64)))
try:
    degrees = DPTTemperature.from_knx(DPTArray((0x7F, 0xFF)))
except ConversionError:
    degrees = "refused"
print("xknx", version("xknx"), degrees, opened)
assert (degrees, opened) == ("refused", 1.0)
END
cat > run.cjs <<'END'
const assert = require("node:assert");

const readers = { knx: require("knx/src/dptlib"), knxultimate: require("knxultimate").dptlib };
for (const [name, types] of Object.entries(readers)) {
  const read = (type, ...bytes) => types.fromBuffer(Buffer.from(bytes), types.resolve(type));
  const seen = [read("DPT9.001", 0x7f, 0xff), read("DPT8.010", 0, 0x64)];
  console.log(name, require(`${name}/package.json`).version, ...seen);
  assert.deepStrictEqual(seen, [670760.96, 100]);
}
process.exit(0);
END
node run.cjs
