"""Dead letters get another chance, a page of them in one step."""

from contextlib import closing

import pytest

from ingest import replay as module
from ingest.clocks import Clocks
from ingest.replay import Replayed, replay
from tests.api.running import START, small_city
from tests.zenata.store.data import batch_of
from zenata.city.clock import SECOND
from zenata.city.readings import ReadingBatch, Selection
from zenata.store import open_store
from zenata.store.base import Query
from zenata.store.dead_letters import DeadLetter

CITY = small_city()
DISTRICTS = {sensor.id: sensor.district for sensor in CITY.sensors}


def dead_letter(number: int, payload: str, *, sensor: str = "air-0001", code: str = "range") -> DeadLetter:
    return DeadLetter(
        received=START + number,
        topic=f"zenata/telemetry/{DISTRICTS[sensor]}/air/{sensor}",
        payload=payload.encode(),
        code=code,
        reason="the limits were wrong",
        sensor=sensor,
        seq=number,
    )


def good(number: int, sensor: str = "air-0001") -> DeadLetter:
    time = START // SECOND + number
    payload = f'[{{"bn":"{sensor}/","bt":{time},"seq":{number},"n":"pm25","v":{number}}},{{"n":"no2","v":1}}]'
    return dead_letter(number, payload, sensor=sensor)


@pytest.mark.parametrize("page", [1000, 3])
def test_letters_that_are_readings_now_are_stored_and_the_others_stay(tmp_path, monkeypatch, page):
    monkeypatch.setattr(module, "_PAGE", page)
    bad = [dead_letter(5, "["), dead_letter(9, "{}")]
    dead_letters = [*(good(number) for number in (1, 2, 3, 7)), good(11, "air-0002"), *bad]
    batches: list[ReadingBatch] = []
    with closing(open_store(f"duckdb:///{tmp_path}/readings.duckdb")) as store:
        store.append(batch_of([]), dead_letters)
        assert replay(CITY, store, Clocks(), batches.append) == Replayed(mended=5, dead=2)
        assert store.dead_letters(payloads=True) == bad[::-1]
        balance = store.ledger.balance("zenata")
        assert (balance.stored, balance.rejected) == (5, 2)
        table = store.query(Query(selection=Selection(properties=("pm25",)), start=START, end=START + 60 * SECOND))
        assert [table.catalog[number].sensor for number in table.series] == ["air-0001"] * 4 + ["air-0002"]
        assert table.columns["seq"].tolist() == [1, 2, 3, 7, 11]
        assert sum(map(len, batches)) == 10
        assert replay(CITY, store, Clocks()) == Replayed(mended=0, dead=2)
