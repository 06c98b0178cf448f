#!/bin/sh
# Guess: an event is passed on with the time it came with: RFC 3339, to the microsecond and with its offset.
# Seen: cloudevents for JavaScript turns it into milliseconds in UTC while it reads, and sends that on. The Python package keeps
#       both. Of two readings 0.4 ms apart the order is lost, and a signature or a key made of the time no longer fits.
# Why here: our events carry the time of the reading in microseconds; two of one millisecond become one instant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . cloudevents@10.0.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cloudevents==2.2.0
cat > event.json <<'END'
{"specversion": "1.0", "id": "1", "type": "reading", "source": "/zone/7", "time": "2026-06-01T12:00:00.123456+01:00", "data": {"level": 20.5}}
END
cat > run.mjs <<'END'
import { readFileSync } from "node:fs";
import { HTTP } from "cloudevents";

const headers = { "content-type": "application/cloudevents+json" };
const event = HTTP.toEvent({ headers, body: readFileSync("event.json", "utf8") });
console.log(JSON.stringify([event.time, HTTP.binary(event).headers["ce-time"], JSON.parse(HTTP.structured(event).body).time]));
END
node run.mjs > javascript.json
venv/bin/python - <<'END'
import json
from importlib.metadata import version
from pathlib import Path

from cloudevents.core.bindings.http import HTTPMessage, from_structured_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

message = HTTPMessage({"content-type": "application/cloudevents+json"}, Path("event.json").read_bytes())
event = from_structured_event(message)
python = json.loads(to_structured_event(event).body)["time"]
javascript = json.loads(Path("javascript.json").read_text())
print("cloudevents 10.0.0 of npm, read, binary and structured:", javascript, "and of Python", version("cloudevents"), python)
assert javascript[1:] == ["2026-06-01T11:00:00.123Z"] * 2
assert python == "2026-06-01T12:00:00.123456+01:00"
END
