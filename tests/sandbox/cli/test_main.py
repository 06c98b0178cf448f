"""`zenata city check`, wrong options, and exit codes."""

import errno
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError

from sandbox.cli.main import main
from zenata.city.pack import CITIES
from zenata.errors import BrokerAwayError, BrokerError, NoRoomError, StoreAwayError, StoreError
from zenata.process.supervisor import TRY_AGAIN


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CITIES / "valdeira", tmp_path / "mytown"))


def test_a_good_pack_is_counted_and_ok(run, pack):
    code, output, _ = run("city", "check", str(pack))
    assert code == 0
    assert re.search(r"^streets +88$", output, flags=re.MULTILINE)
    assert re.search(r"^  air +8$", output, flags=re.MULTILINE)
    assert output.endswith("\nok")


@pytest.mark.parametrize(
    ("file", "old", "new", "output"),
    [
        ("city.toml", 'name = "Val', 'name = Val"', r"city\.toml: .*line \d+"),
        ("city.toml", "losses = 0.15", "", r"city\.toml of valdeira: \[water\] .*`losses`"),
        ("city.toml", "stay = 6.0", 'stay = "6"', r"city\.toml of valdeira: \[parking\] .*`uses\[0\]\.stay`"),
        ("streets.geojson", '"lanes": 1', '"lanes": 0', r"streets\.geojson: street-\d+: lanes is not positive"),
        ("districts.geojson", '"living"', '"zoo"', r"districts\.geojson: old-town: .*'zoo'"),
        ("sensors/air.geojson", '"old-town"', '"oldtown"', r"air\.geojson: air-001: unknown district 'oldtown'"),
        ("sensors/bus.geojson", ', "line": "1"', "", r"sensors/bus\.geojson: bus-001: lacks 'line'"),
        (
            "sensors/bus.geojson",
            '"line": "1"',
            '"line": "9"',
            r"city\.toml of valdeira: no \[\[bus\.lines\]\] for line 9",
        ),
    ],
)
def test_a_bad_pack_is_refused_with_file_and_place(run, pack, file, old, new, output):
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text
    (pack / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    code, printed, complaint = run("city", "check", str(pack))
    assert (code, "ok" in printed) == (2, False)
    (line,) = complaint.splitlines()
    assert re.search(rf"^zenata: .*{output}", line), line


def test_an_unknown_name_is_refused(run):
    code, _, complaint = run("city", "check", "atlantis")
    assert (code, "atlantis/city.toml: cannot be read" in complaint) == (2, True)


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        (
            "sandbox.cli.main, sandbox.pilots",
            {"numpy", "duckdb", "fastapi", "arro3", "shapely", "epanet", "paho", "influxdb_client"},
        ),
        (
            "sandbox.backfill, sandbox.ingest, sandbox.serve, sandbox.simulate",
            {"rich", "nats", "influxdb_client"},
        ),
    ],
    ids=["commands for pilots", "services of zenata up"],
)
def test_no_heavy_library_is_imported_that_is_not_needed(modules, heavy):
    code = f"import sys, {modules}; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("group", ["city", "dead-letters", "key", "pilot", "trial", "world"])
def test_l3_a_group_without_a_command_shows_its_commands_and_nothing_else(run, group):
    code, _, output = run(group)
    assert (code, output) == (2, "")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("up", "--http-port", "99999"), "--http-port 99999: must be less than or equal to 65535"),
        (("up", "--http-port", "abc"), "--http-port.*must be a valid integer$"),
        (("up", "--speed", "-1"), "--speed -1.0: must be greater than or equal to 0.1"),
        (("up", "--speed", "3601"), "--speed 3601.0: must be less than or equal to 3600"),
        (("up", "--seed", "-1"), "--seed -1: must be greater than or equal to 0"),
        (("up", "--seed", "many"), "--seed.*must be a valid integer$"),
        (("up", "--world", "a/b"), "--world a/b"),
        (("up", "--nonsense"), "--nonsense"),
        (("dance",), "dance"),
        (("up", "--history-days", "many"), "--history-days.*must be a valid number$"),
        (("pilot", "list", "--role", "king"), "--role.*'king'.*'admin'"),
    ],
)
def test_q5_a_wrong_option_is_named_in_plain_words(monkeypatch, run, words, reason):
    monkeypatch.setattr("sandbox.up.up", Mock(side_effect=AssertionError("the city starts")))
    code, _, output = run(*words)
    assert (code, len(output.splitlines())) == (2, 1)
    assert re.search(reason, output.strip())
    assert "Input should" not in output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreError("no"), 2),
        (BrokerError("the broker refused us"), 2),
        (BrokerAwayError("the broker does not answer"), TRY_AGAIN),
        (StoreAwayError("the store is busy"), TRY_AGAIN),
        (NoRoomError("the store has no room"), TRY_AGAIN),
        (OSError(errno.ENOSPC, "No space left on device"), TRY_AGAIN),
        (OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")), TRY_AGAIN),
    ],
    ids=repr,
)
def test_what_may_pass_has_an_exit_code_of_its_own(error, code, monkeypatch, run):
    monkeypatch.setattr("sandbox.cli.main.app", Mock(side_effect=error))
    ended, *printed = run("--version")
    assert ended == code
    assert re.fullmatch("zenata: [^\n]+", "".join(printed))


@pytest.mark.parametrize("error", ["OSError(errno.ENOSPC, 'full')", "NoRoomError('full')"])
def test_a_full_disk_is_told_by_the_exit_code_where_the_log_is_on_it_too(error):
    """The message had no room either, and the code became 1 or, by the flush at the exit, 120: what was to wait was given up on."""
    script = (
        "import errno, sys\n"
        "import sandbox.cli.main as cli\n"
        "from zenata.errors import NoRoomError\n"
        "def app(*_, **__):\n"
        "    print('what it was about to say')\n"
        f"    raise {error}\n"
        "cli.app = app\n"
        "cli.main()\n"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=full, check=False)
    assert done.returncode == TRY_AGAIN


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("sandbox.cli.main.app", Mock(side_effect=ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        main()
