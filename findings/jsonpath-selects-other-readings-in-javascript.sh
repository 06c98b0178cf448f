#!/bin/sh
# Guess: since RFC 9535 a JSONPath selects the same readings in each language.
# Seen: in JavaScript (jsonpath-plus, jsonpath) == 21 selects the text "21" too, == null also readings without a value, > 20
#       text as well, and [-1] nothing; in Python (python-jsonpath, jsonpath-ng) only what the RFC selects.
# Why here: paths that pick readings from messages are tried on the page and run in a service: they pick others there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-jsonpath==2.2.2 jsonpath-ng==1.16.0
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . jsonpath-plus@11.3.0 jsonpath@1.3.0 > /dev/null
cat > message.json <<'END'
{"e": [{"n": "a", "v": 21}, {"n": "b", "v": "21"}, {"n": "c"}, {"n": "d", "v": null}, {"n": "e", "v": 19}]}
END
cat > paths.json <<'END'
["$.e[?(@.v == 21)].n", "$.e[?(@.v == null)].n", "$.e[?(@.v > 20)].n", "$.e[-1].n"]
END
cat > select.cjs <<'END'
const { JSONPath } = require("jsonpath-plus");
const jsonpath = require("jsonpath");
const json = require("./message.json");
const paths = require("./paths.json");
const seen = [paths.map((path) => JSONPath({ path, json }).join("")), paths.map((path) => jsonpath.query(json, path).join(""))];
console.log(JSON.stringify(seen));
END
node select.cjs > javascript.json
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import jsonpath
import jsonpath_ng.ext

message, paths = (json.loads(Path(name).read_text()) for name in ("message.json", "paths.json"))
python = [
    ["".join(jsonpath.findall(path, message)) for path in paths],
    ["".join(match.value for match in jsonpath_ng.ext.parse(path).find(message)) for path in paths],
]
javascript = json.loads(Path("javascript.json").read_text())
print("jsonpath-plus 11.3.0 and jsonpath 1.3.0:", dict(zip(paths, zip(*javascript, strict=True), strict=True)))
print("python-jsonpath", version("python-jsonpath"), "and jsonpath-ng", version("jsonpath-ng"), dict(zip(paths, zip(*python, strict=True), strict=True)))
assert javascript == [["ab", "cd", "ab", ""]] * 2 and python == [["a", "d", "a", "e"]] * 2
END
