"""What every store promises of dead letters, of the ledger, and of forgetting a world."""

from dataclasses import replace

import pytest

from tests.zenata.store.data import NOON, balance, batch_of, by_identity, contents, rows_of, series_of, some_rows
from zenata.city.readings import Catalog, Selection
from zenata.store.dead_letters import DeadLetter

SENSOR = "air-0000"


def dead_letter(number: int, seq: int = 0, world: str = "zenata") -> DeadLetter:
    return DeadLetter(
        received=NOON + number,
        topic=f"{world}/telemetry/coast/air/{SENSOR}",
        payload=b'[{"n": "\xff"}]',
        code="range",
        reason="no2 is -1, \n below « 0 »",
        sensor=SENSOR,
        seq=seq,
    )


def test_a_dead_letter_is_stored_once_and_unchanged(store):
    dead_letters = [dead_letter(1, seq=3), dead_letter(2)]
    for _ in range(2):
        assert store.append(batch_of([]), dead_letters) == 0
    assert store.dead_letters(payloads=True) == dead_letters[::-1]


def test_dead_letters_are_found_by_topic_and_page_by_page(store):
    dead_letters = [dead_letter(number, world=("zenata", "w-a1", "w-a11")[number % 3]) for number in range(9)]
    store.append(batch_of([]), dead_letters)
    assert store.dead_letters(topics=["w-a1/"], payloads=True) == [dead_letters[7], dead_letters[4], dead_letters[1]]
    assert store.dead_letters(topics=["w-a1/", "w-a11/"], limit=3, payloads=True) == [
        dead_letters[8],
        dead_letters[7],
        dead_letters[5],
    ]
    assert store.dead_letters(topics=["w-a1/"], before=dead_letters[7].received, limit=1, payloads=True) == [
        dead_letters[4]
    ]
    assert store.dead_letters(topics=["w-'; --/"], payloads=True) == []
    assert store.dead_letters(topics=[], payloads=True) == []


def test_a_whole_topic_selects_no_topic_that_begins_with_it(store):
    one = replace(dead_letter(0), topic="pilots/alpha/answers/x-1")
    longer = [replace(dead_letter(number), topic="pilots/alpha/answers/x-10") for number in range(1, 4)]
    store.append(batch_of([]), [one, *longer])
    assert store.dead_letters(topics=["pilots/alpha/answers/x-1"], limit=2, payloads=True) == [one]
    assert store.dead_letters(topics=["pilots/alpha/answers/x-"], payloads=True) == []
    assert store.dead_letters(topics=["zenata/", one.topic], payloads=True) == [one]
    assert store.dead_letters(topics=["pilots/alpha/answers/", one.topic], payloads=True) == [*longer[::-1], one]


def test_a_replayed_message_is_no_dead_letter_any_more(store):
    rows = some_rows(series_of(1), range(NOON, NOON + 3))  # messages 1, 2, 3
    bad, unnumbered = dead_letter(1, seq=2), dead_letter(2)
    store.append(batch_of([rows[0]]), [bad, unnumbered])
    assert balance(store) == (1, 2, 0, 0)
    assert store.append(batch_of(rows[1:]), replayed=[bad, unnumbered]) == 2
    assert store.dead_letters(payloads=True) == []
    assert balance(store) == (3, 0, 0, 0)


def test_the_ledger_is_there_after_reopening(opener, name):
    rows = some_rows(series_of(3), range(NOON, NOON + 9))
    lost = {(rows[3].series, rows[3].time), (rows[13].series, rows[13].time)}
    store = opener(name)
    store.append(batch_of([row for row in rows[:15] if (row.series, row.time) not in lost]), [dead_letter(1, seq=2)])
    store.close()
    store = opener(name)
    assert balance(store) == (13, 1, 0, 0)  # one of the two came as a dead letter; the other may still come
    store.append(batch_of(rows[15:]))
    store.append(batch_of(rows[15:18]))
    accounts = store.ledger.accounts("zenata")
    store.close()
    store = opener(name)
    assert balance(store) == (25, 1, 1, 3)
    assert store.ledger.accounts("zenata") == accounts
    store.close()


def test_a_forgotten_world_is_gone_and_the_others_are_not(opener, name):
    store = opener(name)
    worlds = ("zenata", "w-a1", "w-a11")
    for world in worlds:
        store.append(
            batch_of(some_rows(series_of(4, world), [NOON, NOON + 1])), [dead_letter(worlds.index(world), 3, world)]
        )
    store.forget("w-a1")
    for _ in range(2):
        assert {row.series.world for row in contents(store)} == {"zenata", "w-a11"}
        assert {row.series.world for row in rows_of(store.latest(Selection()))} == {"zenata", "w-a11"}
        assert store.dead_letters(topics=["w-a1/"], payloads=True) == []
        assert [balance(store, world) for world in worlds] == [(8, 1, 0, 0), (0, 0, 0, 0), (8, 1, 0, 0)]
        store.close()
        store = opener(name)
    assert store.append(batch_of(some_rows(series_of(4, "w-a1"), [NOON]))) == 4
    assert balance(store, "w-a1") == (4, 0, 0, 0)
    store.close()


def test_a_dead_letter_of_a_device_is_in_nobodys_account(store):
    of_a_device = replace(dead_letter(1), topic="pilots/alpha/telemetry/roof", sensor="roof")
    store.append(batch_of([]), [of_a_device])
    assert store.dead_letters(topics=["pilots/alpha/"], payloads=True) == [of_a_device]
    assert store.ledger.worlds() == []
    store.append(batch_of([]), replayed=[of_a_device])
    assert store.ledger.worlds() == []


@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_worlds_made_and_deleted_leave_nothing(opener, name, count):
    store = opener(name)
    city = some_rows(series_of(6), [NOON, NOON + 1])
    store.append(batch_of(city), [dead_letter(0)])
    catalog = Catalog()
    for number in range(count):
        world = f"w-{number}"
        store.append(batch_of(some_rows(series_of(4, world), [NOON]), catalog), [dead_letter(number + 1, 3, world)])
        store.ledger.announce(world, 5)
        store.forget(world)
        assert len(store.catalog.select(Selection())) == 6
    for _ in range(2):
        assert store.ledger.worlds() == ["zenata"]
        assert store.ledger.size == 6
        assert len(store.dead_letters(limit=1000)) == 1
        assert contents(store) == sorted(city, key=by_identity)
        store.close()
        store = opener(name)
        assert len(store.catalog) == 6
        assert rows_of(store.latest(Selection())) == city[6:]
    again = some_rows(series_of(4, "w-7"), [NOON + 2])
    assert store.append(batch_of(again, catalog)) == 4
    assert rows_of(store.latest(Selection(worlds=("w-7",)))) == again
    assert {row.series.world for row in contents(store)} == {"zenata", "w-7"}
    store.close()


def test_a_world_of_the_same_name_begins_again_for_those_who_knew_the_old_one(store):
    """A catalog that batches come with outlives the world, as that of ingest does."""
    catalog = Catalog()
    for begin in (NOON, NOON + 10):
        rows = some_rows([*series_of(2), *series_of(3, "w-a")], [begin, begin + 1])
        assert store.append(batch_of(rows, catalog)) == 10
        assert [row.time for row in contents(store) if row.series.world == "w-a"] == [begin, begin + 1] * 3
        assert balance(store, "w-a") == (6, 0, 0, 0)
        store.forget("w-a")
        assert balance(store, "w-a") == (0, 0, 0, 0)
    assert len(contents(store)) == 8
