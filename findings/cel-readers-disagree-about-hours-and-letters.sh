#!/bin/sh
# Guess: CEL is specified, so one rule on one reading means one thing in each of its implementations.
# Seen: of 2026-06-01T00:00:00+01:00 the hour is 23 for cel-python (in UTC, as the specification has it) and 0 for
#       common-expression-language; an Arabic name of 5 letters has the size 5 or 10 (bytes). v == 21 for a reading of 21.0
#       is an error of cel-python, and v + 1 > 20.0 of either, for the one of 21 and for the other of 21.0.
# Why here: rules for alarms in CEL fire at other hours, and fail when a sensor writes 21 for 21.0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cel-python==0.5.0 common-expression-language==0.10.0
"$folder/venv/bin/python" -W ignore - <<'END'
from importlib.metadata import version

import cel
import celpy

NAMES = "cel-python", "common-expression-language"


def by_celpy(rule: str, value: float) -> object:
    env = celpy.Environment()
    return env.program(env.compile(rule)).evaluate({"v": celpy.json_to_cel(value)})


def by_cel(rule: str, value: float) -> object:
    return cel.evaluate(rule, {"v": value})


def results(rule: str, value: float) -> list[object]:
    seen: list[object] = []
    for evaluate in (by_celpy, by_cel):
        try:
            result = evaluate(rule, value)
            seen.append(bool(result) if result in (True, False) and ">" in rule or "==" in rule else int(result))
        except (celpy.CELEvalError, TypeError):
            seen.append("error")
    return seen


print([f"{name} {version(name)}" for name in NAMES])
hours = results("timestamp('2026-06-01T00:00:00+01:00').getHours()", 0)
letters = results("size('زناتة')", 0)
equal = [results("v == 21", value) for value in (21, 21.0)]
more = [results("v + 1 > 20.0", value) for value in (21, 21.0)]
print("hours", hours, "letters", letters, "v == 21 of 21 and 21.0", equal, "v + 1 > 20.0", more)
assert hours == [23, 0] and letters == [5, 10]
assert equal == [[True, True], ["error", True]] and more == [["error", True], [True, "error"]]
END
