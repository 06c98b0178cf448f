"""The ledger balances, whatever comes in whatever order, and however often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zenata.store.data import NOON, Row, batch_of, series_of
from zenata.city.readings import Series
from zenata.store.dead_letters import DeadLetter
from zenata.store.ledger import Balance, Entries, Fate, Ledger

SENSOR = "air-0001"


def dead_letter(seq: int, number: int = 0, world: str = "zenata", sensor: str = SENSOR) -> DeadLetter:
    topic = f"{world}/telemetry/coast/air/{sensor}"
    return DeadLetter(received=number, topic=topic, payload=b"", code="range", reason="", sensor=sensor, seq=seq)


def messages(*seqs: int, world: str = "zenata", sensor: str = SENSOR):
    """Messages of two readings each."""
    series = [Series(world, sensor, name, "air", "coast", "ug/m3") for name in ("no2", "o3")]
    return batch_of([Row(one, NOON + seq, 1.0, seq) for seq in seqs for one in series])


def enter(ledger: Ledger, batch=None, dead_letters=(), replayed=()) -> None:
    batch = batch_of([]) if batch is None else batch
    numbers = [ledger.number(series.world, series.sensor) for series in batch.catalog.since(0)]
    account = np.array(numbers, dtype=np.int32)[batch.series]
    ledger.enter(ledger.entries(batch, account, dead_letters, replayed))


def balance(ledger: Ledger, world: str = "zenata") -> tuple[int, ...]:
    """Return stored, rejected, in flight, missing, repeated."""
    line = ledger.balance(world)
    return line.stored, line.rejected, line.in_flight, line.missing, line.repeated


def test_every_term_has_its_messages():
    ledger = Ledger()
    enter(ledger, messages(1, 2, 5, 9), [dead_letter(4), dead_letter(0)])
    ledger.announce("zenata", 12)
    assert balance(ledger) == (4, 2, 3, 3, 0)  # 3, 6, 7, 8 did not come; one of them told no number
    assert ledger.balance("zenata").published == 12
    (account,) = ledger.accounts("zenata")
    assert account.gaps == ((3, 3), (6, 8))


def test_a_message_has_one_entry_however_many_readings():
    ledger = Ledger()
    enter(ledger, messages(1, 2, 3))
    assert balance(ledger) == (3, 0, 0, 0, 0)


def test_what_comes_again_is_counted_and_changes_nothing():
    ledger = Ledger()
    enter(ledger, messages(1, 2, 2, 3))
    enter(ledger, messages(2, 3, 4))
    assert balance(ledger) == (4, 0, 0, 0, 3)


def test_a_message_rejected_without_a_number_is_one_more_where_none_is_missing():
    ledger = Ledger()
    enter(ledger, messages(1, 2), [dead_letter(0), dead_letter(0)])
    assert balance(ledger) == (2, 2, 0, 0, 0)
    assert ledger.balance("zenata").published == 4


def test_readings_without_a_number_are_in_no_account():
    ledger = Ledger()
    enter(ledger, messages(0, 0))
    assert balance(ledger) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("seq", [0, 2])
def test_a_replayed_message_counts_as_stored(seq):
    ledger = Ledger()
    enter(ledger, messages(1, 3), [dead_letter(seq)])
    assert balance(ledger) == (2, 1, 0, 0, 0)
    enter(ledger, messages(2), replayed=[dead_letter(seq)])
    assert balance(ledger) == (3, 0, 0, 0, 0)


def test_worlds_have_accounts_of_their_own():
    ledger = Ledger()
    enter(ledger, messages(1, 3))
    enter(ledger, messages(1, 2, world="w-a1"))
    ledger.announce("w-b1", 5)
    assert balance(ledger, "w-a1") == (2, 0, 0, 0, 0)
    assert ledger.worlds() == ["w-a1", "w-b1", "zenata"]
    ledger.forget("zenata")
    assert ledger.balance("zenata") == Balance(stored=0, rejected=0, in_flight=0, missing=0, repeated=0)
    enter(ledger, messages(1))
    assert balance(ledger) == (1, 0, 0, 0, 0)


@given(
    st.lists(
        st.tuples(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), max_size=12), st.booleans()), max_size=12
    )
)
def test_any_order_gives_the_account_of_the_set(steps):
    """The ledger is states and restored between some batches, and holds what a set of numbers would say."""
    ledger, came = Ledger(), [set(), set(), set()]
    repeated = 0
    for pairs, again in steps:
        numbers = [ledger.number("zenata", f"air-{one}") for one, _ in pairs]
        entries = Entries(
            np.array(numbers, dtype=np.int32),
            np.array([seq for _, seq in pairs], dtype=np.int64),
            np.full(len(pairs), Fate.STORED, dtype=np.uint8),
        )
        ledger.enter(entries)
        before = sum(map(len, came))
        for one, seq in pairs:
            came[one].add(seq)
        repeated += len(pairs) - (sum(map(len, came)) - before)
        if again:
            states, ledger = ledger.states(), Ledger()
            ledger.restore(states)
    stored = sum(map(len, came))
    highest = sum(max(one, default=0) for one in came)
    assert balance(ledger) == (stored, 0, 0, highest - stored, repeated)
    for account in ledger.accounts("zenata"):
        one = came[int(account.sensor[-1])]
        gaps = {seq for low, high in account.gaps for seq in range(low, high + 1)}
        assert gaps == set(range(1, max(one) + 1)) - one


def test_many_sensors_are_many_accounts():
    ledger = Ledger()
    rows = [Row(series, NOON + seq, 1.0, seq) for series in series_of(3000) for seq in (1, 2)]
    enter(ledger, batch_of(rows))
    assert balance(ledger) == (6000, 0, 0, 0, 0)
    assert len(ledger.accounts("zenata")) == 3000
