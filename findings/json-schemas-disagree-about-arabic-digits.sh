#!/bin/sh
# Guess: the pattern ^\d{4}$ of a JSON Schema means 0 to 9 in each validator: the specification has the regular expressions of
#        ECMA-262, where \d is that.
# Seen: jsonschema, fastjsonschema and pydantic take the year 2026 written in Arabic digits, ajv and jsonschema-rs refuse it. And
#       ^\w+$ takes the name Société in the first two and refuses it in the others.
# Why here: names and numbers are typed in French and Arabic; what the page refuses the service takes, and the other way round.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . ajv@8.20.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonschema==4.26.0 fastjsonschema==2.22.3 jsonschema-rs==0.61.2 pydantic==2.14.4
cat > run.cjs <<'END'
const Ajv = require("ajv");

const takes = (pattern, text) => new Ajv().validate({ type: "string", pattern }, text);
console.log(JSON.stringify([takes("^\\d{4}$", "\u0662\u0660\u0662\u0666"), takes("^\\w+$", "Soci\u00e9t\u00e9")]));
END
node run.cjs > ajv.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import fastjsonschema
import jsonschema
import jsonschema_rs
from pydantic import StringConstraints, TypeAdapter, ValidationError


def with_fastjsonschema(schema, text):
    try:
        fastjsonschema.compile(schema)(text)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def with_pydantic(schema, text):
    try:
        TypeAdapter(Annotated[str, StringConstraints(pattern=schema["pattern"])]).validate_python(text)
    except ValidationError:
        return False
    return True


judges = {
    "jsonschema": lambda schema, text: jsonschema.Draft202012Validator(schema).is_valid(text),
    "fastjsonschema": with_fastjsonschema,
    "pydantic": with_pydantic,
    "jsonschema-rs": jsonschema_rs.is_valid,
}
cases = (r"^\d{4}$", "\u0662\u0660\u0662\u0666"), (r"^\w+$", "Soci\u00e9t\u00e9")
seen = {"ajv 8.20.0": json.loads(Path("ajv.json").read_text())}
for name, judge in judges.items():
    seen[f"{name} {version(name)}"] = [judge({"type": "string", "pattern": pattern}, text) for pattern, text in cases]
print("Arabic digits as \\d and Société as \\w:", seen)
assert list(seen.values()) == [[False, False], [True, True], [True, True], [True, True], [False, False]]
END
