"""Worlds that are made, left and taken up again."""

import numpy as np
import pytest

from simulators.events.base import Event
from simulators.host.taking_up import CATCH_UP, recipe_for, take_up
from simulators.record.journal import Entry, Journal
from simulators.record.record import Recipe, seal_of
from simulators.record.run import Run
from simulators.world.measurement import Channels
from simulators.world.world import TICK
from tests.simulators.host.running import START, fingerprint, made, recipe, same
from zenata.city.clock import ZONE_RULES, WallClock, parse_time
from zenata.errors import SetupError

NOON = parse_time("2026-01-05T12:00:00Z")
COUNTED = {"energy", "volume"}  # quantities that count since installation


class TestRecipe:
    def test_a_new_world_is_made_as_requested(self, city, record):
        made = recipe_for(record, city, seed=5, start=START + 3)
        assert made == Recipe(city="small", seed=5, start=START, live=False, zone_rules=ZONE_RULES)
        assert record.recipe() == made

    def test_a_city_is_sealed_where_there_is_a_secret_and_stays_as_it_was_made(self, city, record):
        secret = bytes(range(32))
        made = recipe_for(record, city, seed=5, start=START, secret=secret)
        assert made.sealed == seal_of(secret)
        assert secret.hex() not in (record.files.folder / "world.json").read_text()
        assert recipe_for(record, city, seed=None, start=None) == made

    def test_a_new_world_follows_the_time_of_day_unless_told_otherwise(self, city, record):
        before = WallClock().now()
        made = recipe_for(record, city, seed=None, start=None)
        assert (made.seed, made.live, made.start % TICK) == (1, True, 0)
        assert before - TICK < made.start <= WallClock().now()

    @pytest.mark.parametrize(("seed", "start"), [(None, None), (3, None), (None, START + TICK - 1), (3, START)])
    def test_a_world_goes_on_as_it_was_made(self, city, record, seed, start):
        record.save_recipe(recipe())
        assert recipe_for(record, city, seed=seed, start=start) == recipe()

    @pytest.mark.parametrize(
        ("live", "seed", "start", "message"),
        [
            (False, 4, None, "a world with --seed 3, not 4: "),
            (False, None, START + TICK, "--start 2026-01-05T17:00:00Z, not 2026-01-05T17:00:10Z: "),
            (True, None, START, "--start now, not 2026-01-05T17:00:00Z: "),
        ],
    )
    def test_a_world_is_not_made_over(self, city, record, live, seed, start, message):
        record.save_recipe(recipe(live=live))
        with pytest.raises(SetupError) as failure:
            recipe_for(record, city, seed=seed, start=start)
        assert message in str(failure.value)
        assert "or choose another --data-dir" in str(failure.value)
        assert "\n" not in str(failure.value)

    def test_a_world_does_not_move_to_another_city(self, city, record):
        record.save_recipe(Recipe(city="zenata", seed=3, start=START, live=False, zone_rules=ZONE_RULES))
        with pytest.raises(SetupError, match="a world with city zenata, not small"):
            recipe_for(record, city, seed=None, start=None)


class TestTakingUp:
    def test_without_a_checkpoint_it_starts(self, city, record):
        assert fingerprint(take_up(record, city, recipe(), START), 20) == fingerprint(made(city), 20)

    @pytest.mark.parametrize("live", [True, False])
    def test_from_a_checkpoint_it_goes_on_bit_for_bit(self, city, record, live):
        run = made(city)
        fingerprint(run, 30)
        record.save_checkpoint(run.state())
        resumed = take_up(record, city, recipe(live=live), run.time + CATCH_UP)
        assert resumed.time == run.time
        assert fingerprint(resumed, 60) == fingerprint(run, 60)

    def test_a_world_with_a_clock_of_its_own_is_never_away(self, city, record):
        record.save_checkpoint(made(city).state())
        assert take_up(record, city, recipe(), START + 1000 * CATCH_UP).time == START - TICK

    def test_a_live_city_long_away_starts_again_and_counts_on(self, city, record):
        run = Run(city, Recipe(city="small", seed=3, start=NOON, live=False), Journal(None))
        numbers: dict[int, int] = {}
        for _ in range(120):
            emission = run.step()
            numbers.update(zip(emission.sensors.tolist(), emission.seq.tolist(), strict=True))
        record.save_checkpoint(run.state())
        now = run.time + 48 * 3600 * 1_000_000 + 5
        resumed = take_up(record, city, recipe(live=True), now)
        assert now - 2 * TICK < resumed.time <= now
        counters = np.isin(Channels.of(city).property, list(COUNTED)) & np.isfinite(run.world.truth())
        assert counters.any()
        before = run.world.truth()[counters]
        for _ in range(120):
            emission = resumed.step()
            for sensor, seq in zip(emission.sensors.tolist(), emission.seq.tolist(), strict=True):
                assert seq == numbers[sensor] + 1
                numbers[sensor] = seq
            assert (resumed.world.truth()[counters] >= before).all()
            before = resumed.world.truth()[counters]

    def test_the_rest_of_a_city_long_away_is_as_if_newly_made(self, city, record):
        """What was before leaves no trace in the air or on the streets."""
        record.save_checkpoint(made(city).state())
        now = START + 2 * CATCH_UP
        resumed, fresh = (
            take_up(record, city, recipe(live=True), now).world.state(),
            made(city, start=now).world.state(),
        )
        inherited = {name for name, array in fresh.items() if not same(array, resumed[name])}
        assert inherited <= {"world.seq", *(name for name in fresh if name.split(".")[-1] in COUNTED)}

    def test_a_city_that_started_again_is_the_same_replayed(self, city, record):
        run = take_up(record, city, recipe(live=True), START)
        fingerprint(run, 5)
        run.save_checkpoint()
        again = take_up(record, city, recipe(live=True), START + 2 * CATCH_UP)
        fingerprint(again, 10)
        replayed = Run(city, recipe(live=True), Journal(None, record.journal().since(0)))
        assert fingerprint(replayed, 15) == again.digest.hexdigest()

    def test_a_city_made_without_a_secret_is_sealed_when_it_is_taken_up(self, city, record):
        secret = bytes(range(32))
        run = take_up(record, city, recipe(owner=""), START)
        run.do(
            [Entry(at=run.time, event=Event(id="dark", type="power_outage", start=START + TICK, end=START + 60 * TICK))]
        )
        fingerprint(run, 5)
        run.save_checkpoint()
        sealed = take_up(record, city, recipe(owner=""), START, secret)
        assert sealed.sealed == seal_of(secret)
        assert sealed.time == run.time
        targets = [effect.targets for _, effect in run.world.timeline.effects]
        assert [effect.targets for _, effect in sealed.world.timeline.effects] == targets
        first = sealed.step()
        assert not np.array_equal(first.values, run.step().values)
        assert first.seq.max() > 1
        fingerprint(sealed, 4)
        sealed.save_checkpoint()
        again = take_up(record, city, recipe(owner=""), START, secret)
        assert [effect.targets for _, effect in again.world.timeline.effects] == targets
        assert fingerprint(again, 3) == fingerprint(sealed, 3)
        replayed = Run(city, recipe(owner=""), Journal(None, record.journal().since(0)), secret=secret)
        assert fingerprint(replayed, 13) == again.digest.hexdigest()
        with pytest.raises(SetupError, match=r"worlds\.secret"):
            take_up(record, city, recipe(owner=""), START)
        with pytest.raises(SetupError, match="another"):
            take_up(record, city, recipe(owner=""), START, bytes(32))
