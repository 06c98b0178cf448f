#!/bin/sh
# Guess: in JMESPath, whose ordering is for numbers alone, [?v > `20`] selects 21 and 20.5 and passes over the text "21".
# Seen: in Python one reading of text fails the whole query with a TypeError, while null and missing values are passed over;
#       in JavaScript the text "21" is compared as a number and selected.
# Why here: one device that sends its value as text takes the readings of all others with it, in one language of two.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jmespath==1.1.0
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . jmespath@0.16.0 > /dev/null
cat > message.json <<'END'
{"e": [{"n": "a", "v": 21}, {"n": "b", "v": "21"}, {"n": "c"}, {"n": "d", "v": null}, {"n": "f", "v": 20.5}]}
END
node -e 'console.log(JSON.stringify(require("jmespath").search(require("./message.json"), "e[?v > `20`].n")))' > javascript.json
venv/bin/python -W ignore - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

import jmespath

message = json.loads(Path("message.json").read_text())
javascript = json.loads(Path("javascript.json").read_text())
try:
    python = jmespath.search("e[?v > `20`].n", message)
except TypeError as error:
    python = f"TypeError: {error}"
message["e"].pop(1)
numbers = jmespath.search("e[?v > `20`].n", message)
print("jmespath 0.16.0 in JavaScript selects", javascript, "and", version("jmespath"), "in Python:", python, "- without the text:", numbers)
assert javascript == ["a", "b", "f"] and python.startswith("TypeError") and numbers == ["a", "f"]
END
