#!/bin/sh
# Guess: 21.4 is a multiple of 0.1 for a validator of JSON Schema, as it is for whoever wrote the schema, or for none.
# Seen: ajv and jsonschema refuse it (the quotient of the two floats is 213.99999999999997), fastjsonschema and pydantic
#       take it; 4.35 is no multiple for any of them, as it should be.
# Why here: steps of 0.1 stand in schemas of chargers and setpoints; a page and a service disagree on one message.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jsonschema==4.26.0 fastjsonschema==2.22.3 pydantic==2.14.4
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . ajv@8.20.0 > /dev/null
venv/bin/python -W ignore - <<'END'
import json
import subprocess
from importlib.metadata import version
from typing import Annotated

import fastjsonschema
import jsonschema
from pydantic import Field, TypeAdapter, ValidationError

SCHEMA, VALUES = {"type": "number", "multipleOf": 0.1}, (21.5, 21.4, 0.3, 4.35)
fast = fastjsonschema.compile(SCHEMA)
tenth = TypeAdapter(Annotated[float, Field(multiple_of=0.1)])


def passes(validate, value: float) -> bool:
    try:
        validate(value)
    except (fastjsonschema.JsonSchemaException, ValidationError):
        return False
    return True


script = f"const v = new (require('ajv'))().compile({json.dumps(SCHEMA)}); console.log(JSON.stringify({list(VALUES)}.map((x) => v(x))))"
seen = {
    "ajv 8.20.0": json.loads(subprocess.run(["node", "-e", script], check=True, capture_output=True).stdout),
    "jsonschema " + version("jsonschema"): [jsonschema.Draft202012Validator(SCHEMA).is_valid(value) for value in VALUES],
    "fastjsonschema " + version("fastjsonschema"): [passes(fast, value) for value in VALUES],
    "pydantic " + version("pydantic"): [passes(tenth.validate_python, value) for value in VALUES],
}
print("multiples of 0.1 among", VALUES, seen)
assert list(seen.values()) == [[True, False, False, False]] * 2 + [[True, True, True, False]] * 2
END
