#!/bin/sh
# Guess: with --dist loadgroup, tests with the same xdist_group mark run on one worker.
# Seen: with pytest 9.2.0 they are spread over all workers, without a word; the mark only worked with earlier versions.
# Why here: tests that share one running city were divided; the suite divides by a scheduler of its own instead.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-xdist==3.8.0
cat > "$folder/test_group.py" <<'END'
import time

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_it(number, worker_id, record_property):
    time.sleep(0.2)
    print(worker_id)
END
cd "$folder"
workers=$(venv/bin/python -m pytest -q -n 2 --dist loadgroup -rP -p no:cacheprovider test_group.py | grep -E '^gw[01]$' | sort -u)
echo "pytest 9.2.0, pytest-xdist 3.8.0, loadgroup, workers of one group:" $workers
[ "$(echo "$workers" | wc -l)" = 2 ]
