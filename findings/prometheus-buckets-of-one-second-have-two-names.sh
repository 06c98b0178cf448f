#!/bin/sh
# Guess: histograms of one name and the same limits, from a service in Python and one in JavaScript, can be added up by their
#        limit: sum by (le).
# Seen: the limit of 1 second is le="1.0" in Python and le="1" in JavaScript (as in Go): two series where one is meant, so a
#       quantile over both services is computed from buckets that hold only one of them. 0.5 and 2.5 agree.
# Why here: services of both languages report how long they take; of them the whole limits fall apart.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . prom-client@15.1.3 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check prometheus-client==0.26.0
cat > run.mjs <<'END'
import client from "prom-client";

const seconds = new client.Histogram({ name: "request_seconds", help: "Duration", buckets: [0.5, 1, 2.5, 10] });
seconds.observe(0.7);
console.log(await client.register.metrics());
END
node run.mjs > javascript.txt
venv/bin/python - <<'END'
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

registry = CollectorRegistry()
Histogram("request_seconds", "Duration", buckets=(0.5, 1, 2.5, 10), registry=registry).observe(0.7)
sums = defaultdict(float)
for text in (generate_latest(registry).decode(), Path("javascript.txt").read_text()):
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "request_seconds_bucket":
                sums[sample.labels["le"]] += sample.value
print(f"prometheus-client {version('prometheus-client')} and prom-client 15.1.3, sums by le:", dict(sums))
assert sums == {"0.5": 0, "1.0": 1, "2.5": 2, "10.0": 1, "+Inf": 2, "1": 1, "10": 1}
END
