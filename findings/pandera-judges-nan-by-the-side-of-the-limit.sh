#!/bin/sh
# Guess: a reading of NaN fails a check of limits, or is let through by all of them.
# Seen: on pandas it passes each. On polars it passes "at least 0" and fails "at most 100" and "between 0 and 100": there NaN
#       is greater than any number, while null passes.
# Why here: one schema checks a day of readings by pandas and by polars; the dead sensor is found with one, on one side.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandera[polars,pandas]==0.35.0 polars==2.1.0  pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
import logging
from importlib.metadata import version

import pandas as pd
import pandera.pandas as on_pandas
import pandera.polars as on_polars
import polars as pl

logging.disable()


def passes(module, frame, check) -> bool:
    schema = module.DataFrameSchema({"level": module.Column(float, check, nullable=True)})
    try:
        schema.validate(frame, lazy=True)
    except module.errors.SchemaErrors:
        return False
    return True


seen = {}
for name, module, frame in (("pandas", on_pandas, pd.DataFrame), ("polars", on_polars, pl.DataFrame)):
    checks = module.Check.ge(0), module.Check.le(100), module.Check.in_range(0, 100)
    seen[name] = [passes(module, frame({"level": [1.0, float("nan")]}), check) for check in checks]
print("pandera", version("pandera"), "lets NaN pass at least 0, at most 100, between:", seen)
assert seen == {"pandas": [True, True, True], "polars": [True, False, False]}
END
