"""`zenata replay` names the time zone rules of a record that are not those in use; `zenata backfill` names bad input."""

import msgspec
import pytest

from sandbox import backfill
from sandbox.settings import Settings
from simulators.record.journal import Journal
from simulators.record.record import History, Recipe
from simulators.record.run import Run
from simulators.world.world import TICK
from tests.simulators.conftest import small_city
from tests.system.running import user_lines
from zenata.city.clock import ZONE_RULES, parse_time

START = parse_time("2026-01-05T17:00:00Z")


@pytest.mark.parametrize("rules", ["2025b", "", ZONE_RULES])
def test_z1_a_replay_names_the_rules_of_an_old_record(tmp_path, monkeypatch, rules):
    city = small_city()
    recipe = Recipe(city=city.id, seed=3, start=START, live=False, zone_rules=rules)
    run = Run(city, recipe, Journal(None), labelled=False)
    while run.time < START + 2 * TICK:
        run.step()
    file = tmp_path / "w-1.json"
    file.write_bytes(msgspec.json.encode(History(world="w-1", recipe=recipe, journal=[], marks=[], last=run.mark())))
    monkeypatch.setattr(backfill, "load_city", lambda _: city)
    lines: list[str] = []
    assert backfill.replay_record(Settings(data_dir=tmp_path), file, city=None, end=None, say=lines.append)
    made_by = {"2025b": "tzdata 2025b", "": "rules it does not name"}
    expected = [f"made by {made_by[rules]}; here is tzdata {ZONE_RULES}"] if rules != ZONE_RULES else []
    assert [
        line.partition(": ")[0] for line in lines[:-1] if "%" not in line
    ] == expected  # how far it is, if it is slow
    assert lines[-1].endswith(": equal")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "say from when on"),
        (("--start", "yesterday"), "--start: 'yesterday' is not a time"),
        (("--start", "2026-03-02", "--end", "2026-03-01"), "is not behind the start"),
        (("--start", "2026-03-01", "--every", "15s"), "a multiple of 10s"),
        (("--start", "2026-03-01", "--every", "2h"), "up to 1h"),
        (("--start", "2026-03-01", "--every", "often"), "--every: 'often' is not a duration"),
        (("--start", "2026-03-01", "--data-dir", "/proc/1/x"), "cannot be made"),
        (("--start", "2026-03-01", "--end", "2026-03-02", "--store", "duckdb:////proc/x/y.duckdb"), "cannot be made"),
    ],
)
def test_bad_input_is_reported_in_one_line(tmp_path, run, options, complaint):
    code, _, said = run("backfill", "--data-dir", str(tmp_path), *options)
    (line,) = user_lines(said)
    assert code == 2
    assert complaint in line
