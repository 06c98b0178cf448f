#!/bin/sh
# Guess: 24:00 of a day, which ISO 8601 has for its end, is 00:00 of the next day, as dateutil reads it, or an error.
# Seen: it is 00:00 of the same day: the end of an interval moves back by 24 hours, silently.
# Why here: our grammar of times refuses 24:00, since readers of it disagree.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aniso8601==10.0.1 python-dateutil==2.9.0.post0
"$folder/venv/bin/python" - <<'END'
from importlib.metadata import version

import aniso8601
import dateutil.parser

text = "2026-05-31T24:00:00Z"
read = aniso8601.parse_datetime(text).isoformat(), dateutil.parser.isoparse(text).isoformat()
print("aniso8601", version("aniso8601"), "reads", text, "as", read[0], "and dateutil as", read[1])
assert read == ("2026-05-31T00:00:00+00:00", "2026-06-01T00:00:00+00:00")
END
