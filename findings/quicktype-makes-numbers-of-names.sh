#!/bin/sh
# Guess: a member that is text in the sample is text in the class made from it: {"meter": "4217"} is a str.
# Seen: in Python it is an int, since the text of the sample has only digits: the meter "0042" is read as 42 and written again as
#       "42", another meter, and "a-7" is a ValueError. Types made for TypeScript from the same sample keep text.
# Why here: clients are made from one example of an answer; the first meter of a list often has a name of digits.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . quicktype-core@26.0.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
cat > run.mjs <<'END'
import { writeFileSync } from "node:fs";
import { InputData, jsonInputForTargetLanguage, quicktype } from "quicktype-core";

for (const [lang, file] of [["python", "reading.py"], ["typescript", "reading.ts"]]) {
  const input = jsonInputForTargetLanguage(lang);
  await input.addSource({ name: "Reading", samples: ['{"meter": "4217", "level": 20.5}'] });
  const inputData = new InputData();
  inputData.addInput(input);
  writeFileSync(file, (await quicktype({ inputData, lang })).lines.join("\n"));
}
END
node run.mjs
venv/bin/python - <<'END'
import re
from pathlib import Path

from reading import Reading

again = Reading.from_dict({"meter": "0042", "level": 20.5}).to_dict()
types = [re.search(r"meter: +(\w+)", Path(name).read_text())[1] for name in ("reading.py", "reading.ts")]
try:
    Reading.from_dict({"meter": "a-7", "level": 20.5})
except ValueError as error:
    refused = str(error)
print("quicktype-core 26.0.0: types of the meter", types, "0042 read and written:", again, "and a-7:", refused)
assert types == ["int", "string"] and again == {"meter": "42", "level": 20.5} and "a-7" in refused
END
