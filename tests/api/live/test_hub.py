import asyncio
import threading

import numpy as np

from api.live.hub import Hub
from tests.api.running import MINUTE, START, batch_of, series_of, small_city
from zenata.city.readings import Catalog, Selection

SERIES = series_of(small_city())


def publish(hub: Hub, minutes: int) -> None:
    """Publish a batch for each minute."""
    for minute in range(minutes):
        hub.publish(batch_of(SERIES, range(minute, minute + 1)))


def test_batches_are_numbered_in_order() -> None:
    hub = Hub()
    batches = [batch_of(SERIES, range(minute, minute + 1)) for minute in range(3)]
    for batch in batches:
        hub.publish(batch)
    assert (hub.first, hub.next) == (1, 4)
    assert [hub.batch(number) for number in range(5)] == [None, *batches, None]
    assert hub.published == 3 * len(SERIES)


def test_an_empty_batch_is_no_news() -> None:
    hub = Hub()
    hub.publish(batch_of(SERIES, range(0)))
    assert hub.next == 1


def test_the_ring_is_bounded_by_readings_and_keeps_the_newest() -> None:
    hub = Hub(capacity=10 * len(SERIES))
    publish(hub, 100)
    assert hub.next - hub.first == 10
    assert hub.batch(hub.first - 1) is None
    assert hub.batch(hub.first) is not None
    hub.publish(batch_of(SERIES, range(100)))
    assert (hub.next - hub.first, len(hub.batch(hub.next - 1))) == (1, 100 * len(SERIES))


def test_marks_stand_for_batches_of_the_ring_to_one_hub_and_kind_of_listener() -> None:
    hub, other = Hub(capacity=3 * len(SERIES)), Hub()
    mine = hub.listener_key(Selection())
    marks = [hub.mark(number, mine) for number in range(7)]
    publish(hub, 5)
    assert [hub.marked(mark, mine) for mark in marks] == [0, 0, 0, 3, 4, 5, 6]
    assert (
        [hub.marked(mark, b"another" * 4) for mark in marks]
        == [other.marked(mark, other.listener_key(Selection())) for mark in marks]
        == [0] * 7
    )


def test_each_world_has_its_own_time() -> None:
    hub, catalog = Hub(), Catalog()
    city = small_city()
    assert hub.newest("zenata") is None
    hub.publish(batch_of(series_of(city), range(5), catalog))
    hub.publish(batch_of(series_of(city, "w-1"), range(2), catalog))
    hub.publish(batch_of(series_of(city), range(3), catalog))
    assert hub.newest("zenata") == START + 4 * MINUTE
    assert hub.newest("w-1") == START + MINUTE
    assert hub.newest("w-2") is None


def test_publishing_wakes_listeners_of_other_threads() -> None:
    hub = Hub()

    async def listen() -> int:
        with hub.listen() as news:
            assert hub.listeners == 1
            publisher = threading.Thread(target=hub.publish, args=(batch_of(SERIES, range(1)),))
            publisher.start()
            await asyncio.wait_for(news.wait(), 5)
            publisher.join()
            return hub.next

    assert asyncio.run(listen()) == 2
    assert hub.listeners == 0


def test_closing_wakes_listeners() -> None:
    hub = Hub()

    async def listen() -> bool:
        with hub.listen() as news:
            threading.Thread(target=hub.close).start()
            await asyncio.wait_for(news.wait(), 5)
            return hub.closed

    assert asyncio.run(listen())


def test_a_listener_whose_loop_has_gone_harms_nobody() -> None:
    hub = Hub()
    loop = asyncio.new_event_loop()

    async def enter() -> object:
        context = hub.listen()
        context.__enter__()
        return context

    listener = loop.run_until_complete(enter())
    loop.close()
    hub.publish(batch_of(SERIES, range(1)))
    assert hub.next == 2
    assert listener is not None


def test_a_reader_sees_a_batch_whole_while_another_thread_publishes() -> None:
    hub = Hub(capacity=50 * len(SERIES))
    done = threading.Event()

    def publish_all() -> None:
        publish(hub, 500)
        done.set()

    publisher = threading.Thread(target=publish_all)
    publisher.start()
    number, seen = 1, []
    while not (done.is_set() and number == hub.next):
        number = max(number, hub.first)
        batch = hub.batch(number)
        if batch is not None:
            seen.append(int(batch.seq[0]))
            assert np.all(batch.seq == batch.seq[0])
            number += 1
    publisher.join()
    assert seen == sorted(set(seen))
    assert seen[-1] == 500


def test_what_the_store_may_not_have_yet_is_in_the_ring() -> None:
    durable, early = Hub(), Hub(settling=3600, capacity=3 * len(SERIES))
    for hub in (durable, early):
        assert hub.unsettled == hub.next == 1
        publish(hub, 5)
    assert durable.unsettled == durable.next == 6
    assert early.unsettled == early.first == 3


def test_who_listens_goes_on_from_the_store_when_something_may_not_have_come() -> None:
    hub = Hub(settling=3600)
    publish(hub, 3)
    positions = range(hub.first, hub.next + 1)
    hub.skip()
    assert all(position < hub.first for position in positions), "nobody's is in the ring"
    again = [hub.batch(number) for number in range(hub.unsettled, hub.next)]
    assert [int(batch.seq[0]) for batch in again] == [1, 2, 3], "what the store may not have yet still is"
