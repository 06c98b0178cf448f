#!/bin/sh
# Guess: the rain of the hours 0 to 6 of a forecast of midnight is valid at one time, whichever library reads the GRIB file.
# Seen: pygrib's validDate is 00:00, the beginning of the interval, cfgrib's valid_time 06:00, its end. For temperatures, which
#       have no interval, the two agree. dataDate plus the end of stepRange is right for both.
# Why here: rain of forecasts drives drains and warnings; joined by these times, it falls six hours before it is due.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check eccodes==2.50.0 cfgrib==0.9.15.1 xarray==2026.9.0 pygrib==2.1.8
venv/bin/python - <<'END'
import eccodes

message = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
eccodes.codes_set(message, "dataDate", 20260601)
eccodes.codes_set(message, "dataTime", 0)
eccodes.codes_set(message, "productDefinitionTemplateNumber", 8)  # over an interval
eccodes.codes_set(message, "shortName", "tp")
eccodes.codes_set(message, "stepRange", "0-6")
with open("rain.grib2", "wb") as file:
    eccodes.codes_write(message, file)
END
venv/bin/python - <<'END'
from importlib.metadata import version

import pygrib

(rain,) = pygrib.open("rain.grib2")
print("pygrib", version("pygrib"), rain.stepRange, rain.validDate)
assert (rain.stepRange, rain.validDate.isoformat()) == ("0-6", "2026-06-01T00:00:00")
END
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

import xarray

rain = xarray.open_dataset("rain.grib2", engine="cfgrib", backend_kwargs={"indexpath": ""})
print("cfgrib", version("cfgrib"), rain.valid_time.values)
assert str(rain.valid_time.values).startswith("2026-06-01T06:00:00")
END
