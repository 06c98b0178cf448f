#!/bin/sh
# Guess: an attribute of type Boolean with the text "false" becomes false, or is refused, as a Number with "abc" is.
# Seen: it becomes true, and so do "no" and "0": any text that is not empty. It goes on to the context broker as true.
# Why here: bridges from MQTT often have texts ("false" of a valve); our own values are true and false of JSON only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check filip==0.8.1
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

from filip.models.ngsi_v2.context import ContextAttribute, ContextEntity

seen = {value: ContextAttribute(type="Boolean", value=value).value for value in ("false", "no", "0", False)}
print("filip", version("filip"), "reads as Boolean:", seen)
assert seen == {"false": True, "no": True, "0": True, False: False}
valve = ContextEntity(**{"id": "valve-1", "type": "Valve", "open": {"type": "Boolean", "value": "false"}})
assert '"open":{"type":"Boolean","value":true' in valve.model_dump_json()
END
