#!/bin/sh
# Guess: the gauge zone.temperature with the unit Cel has one name in Prometheus, from whichever language OpenTelemetry exports it.
# Seen: it is zone_temperature_celsius from Python and zone_temperature from JavaScript; likewise tank_level_percent (of %) and
#       tank_level, request_duration_seconds and request_duration. Only the unit 1 gives one name in both.
# Why here: services of both languages report the same things; a rule or a chart finds those of one language, and says nothing
#           of the others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
    @opentelemetry/api@1.9.0 @opentelemetry/exporter-prometheus@0.223.0 @opentelemetry/sdk-metrics@2.12.1 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check opentelemetry-exporter-prometheus==0.66b2 opentelemetry-sdk==1.45.2
cat > run.mjs <<'END'
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

const exporter = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [exporter] }).getMeter("city");
for (const [name, unit] of [["zone.temperature", "Cel"], ["tank.level", "%"], ["share.open", "1"]]) {
  meter.createObservableGauge(name, { unit }).addCallback((result) => result.observe(21.5));
}
meter.createHistogram("request.duration", { unit: "s" }).record(0.7);
console.log(new PrometheusSerializer().serialize((await exporter.collect()).resourceMetrics));
END
node run.mjs > javascript.txt
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version
from pathlib import Path

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import generate_latest

meter = MeterProvider(metric_readers=[PrometheusMetricReader()]).get_meter("city")
for name, unit in (("zone.temperature", "Cel"), ("tank.level", "%"), ("share.open", "1")):
    meter.create_observable_gauge(name, [lambda _: [Observation(21.5)]], unit=unit)
meter.create_histogram("request.duration", unit="s").record(0.7)


def names(text):
    types = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    return sorted(name for name in types if name.startswith(("zone", "tank", "share", "request")))


python, javascript = names(generate_latest().decode()), names(Path("javascript.txt").read_text())
print("opentelemetry-exporter-prometheus", version("opentelemetry-exporter-prometheus"), python, "npm 0.223.0", javascript)
assert python == ["request_duration_seconds", "share_open", "tank_level_percent", "zone_temperature_celsius"]
assert javascript == ["request_duration", "share_open", "tank_level", "zone_temperature"]
END
