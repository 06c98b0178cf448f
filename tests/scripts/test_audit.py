"""What `make lint` makes of a report of pip-audit."""

import json
import subprocess

import pytest

from scripts import audit

GOOD = {"name": "numpy", "version": "2.4.0", "vulns": []}
BAD = {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}]}
UNKNOWN = {"name": "zlib-ng", "skip_reason": "not found"}


def test_an_advisory_fails_and_is_named():
    lines, is_good = audit.verdict({"dependencies": [GOOD, BAD]})
    assert lines == ["jinja2 2.4.1: PYSEC-2019-217, mended in 2.10.1", "2 of 2 packages audited, 1 advisories."]
    assert not is_good


def test_what_was_not_audited_is_reported():
    lines, is_good = audit.verdict({"dependencies": [GOOD, *[UNKNOWN] * 7]})
    (line,) = lines
    assert line.startswith("1 of 8 packages audited, 0 advisories; NOT audited")
    assert line.endswith("and 2 more")
    assert is_good


def test_item_10_an_index_without_advisories_is_reported_as_no_audit_in_one_line():
    (line,), is_good = audit.verdict({"dependencies": [UNKNOWN] * 7})
    assert line.startswith("NOT audited: ")
    assert is_good


@pytest.mark.parametrize(
    ("output", "code", "shown"),
    [
        (json.dumps({"dependencies": [BAD]}), 1, "PYSEC-2019-217"),
        (json.dumps({"dependencies": [GOOD]}), 0, "1 of 1 packages audited"),
        ("", 0, "NOT audited: no network"),
    ],
)
def test_the_gate_fails_for_advisories_and_not_for_the_network(monkeypatch, capsys, output, code, shown):
    monkeypatch.setattr(
        audit.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, output, "no network\n")
    )
    assert audit.main() == code
    assert shown in capsys.readouterr().out


def test_every_lock_is_held_against_them():
    assert [lock.name for lock in audit.LOCKS] == ["dev.txt", "runtime.txt"]
