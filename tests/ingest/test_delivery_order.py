"""Messages of devices come in the order of their first deliveries, however a broker delivers them again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.delivery_order import LATE, MAX_WAIT, DeliveryOrder, OrderState
from zenata.wire import topics
from zenata.wire.mqtt import Message

TOPIC = topics.device("alpha", "roof")
CITY = "zenata/packs/coast"


class Time:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def message(packet, connection=1, *, again=False, topic=TOPIC):
    return Message(topic, b"%d" % packet, packet, connection, again)


def packets(messages):
    return [one.mid for one in messages]


def waited(order, time):
    """Return what is released after the longest time, looked at again and again."""
    end, released = time.now + MAX_WAIT + 1, []
    while time.now < end:
        time.now += 0.05
        released += order.admit([])
    return released


def test_a_first_connection_holds_nothing_back():
    order = DeliveryOrder()
    assert packets(order.admit([message(3), message(4)])) == [3, 4]


@pytest.mark.parametrize("first", [1, 3])
def test_new_messages_wait_for_older_ones_of_which_none_was_acknowledged(first):
    """A process that is killed before its first acknowledgement leaves what it had begun with."""
    killed = DeliveryOrder()
    killed.admit([message(first), message(first + 1)])
    time = Time()
    order = DeliveryOrder(killed.state, time)
    assert order.admit([message(first + 2, connection=2)]) == []
    older = [message(first, 2, again=True), message(first + 1, 2, again=True)]
    assert packets(order.admit(older) + waited(order, time)) == [first, first + 1, first + 2]


def test_new_messages_wait_for_the_older_ones_of_the_connection_before():
    """As NATS does it: 11 and 12 come at once, 5 to 10 when their time is over."""
    time = Time()
    order = DeliveryOrder(OrderState(4, []), time)
    assert order.admit([message(11), message(12)]) == []
    older = [message(packet, again=True) for packet in range(5, 10)]
    assert packets(order.admit(older)) == list(range(5, 10))
    assert packets(order.admit([message(10, again=True), message(13)])) == [10]
    assert packets(waited(order, time)) == [11, 12, 13]
    assert packets(order.admit([message(14)])) == [14]


def test_what_had_no_number_when_the_connection_broke_comes_before_what_is_new():
    """As NATS does it: it has 7 and 8 from the client that was killed, while 11 and 12 were older than 9 and 10."""
    time = Time()
    order = DeliveryOrder(OrderState(6, []), time)
    assert order.admit([message(9), message(10)]) == []
    assert packets(order.admit([message(7, again=True), message(8, again=True)])) == [7, 8]
    time.now += 0.1
    assert order.admit([message(11, again=True)]) == []
    time.now += 0.1
    assert order.admit([message(12, again=True), message(13)]) == []
    assert packets(waited(order, time)) == [11, 12, 9, 10, 13]


def test_older_messages_that_come_first_do_not_let_newer_ones_in_between():
    """As NATS does it where we were away for longer than its time."""
    time = Time()
    order = DeliveryOrder(OrderState(4, []), time)
    assert packets(order.admit([message(5, again=True)])) == [5]
    assert packets(order.admit([message(9), message(6, again=True)])) == [6]
    order.acknowledged([message(5), message(6)])
    assert packets(order.admit([message(7, again=True), message(8, again=True), message(10)])) == [7, 8]
    assert packets(waited(order, time)) == [9, 10]


def test_what_comes_in_order_is_held_back_for_a_moment_only():
    """As Mosquitto does it. NATS may still have some that had no number when the connection broke."""
    time = Time()
    order = DeliveryOrder(OrderState(4, []), time)
    assert packets(order.admit([message(5, again=True), message(6, again=True), message(7)])) == [5, 6]
    assert packets(waited(order, time)) == [7]


def test_what_is_all_new_is_not_held_back():
    order = DeliveryOrder(OrderState(4, []), Time())
    assert packets(order.admit([message(5), message(6)])) == [5, 6]


def test_messages_of_worlds_do_not_wait_and_fill_gaps():
    time = Time()
    order = DeliveryOrder(OrderState(4, [1, 3]), time)  # 6 and 8 are acknowledged
    assert packets(order.admit([message(10), message(9, topic=CITY)])) == [9]
    assert packets(order.admit([message(7, again=True, topic=CITY)])) == [7]
    assert packets(order.admit([message(5, again=True)])) == [5]
    assert packets(waited(order, time)) == [10]


def test_what_never_comes_is_given_up_and_is_not_waited_for_again():
    time = Time()
    order = DeliveryOrder(OrderState(4, []), time)
    held = [message(7), message(7, again=True)]
    assert order.admit(held) == []
    released = waited(order, time)
    assert packets(released) == [7]
    order.acknowledged(released)
    assert order.state == OrderState(7, [])


def test_only_time_in_which_we_looked_and_all_that_came_was_seen_is_waited():
    """Whoever stood still, or has more before it than it can take, has not seen yet what it waits for."""
    time = Time()
    order = DeliveryOrder(OrderState(4, []), time)
    assert order.admit([message(7)]) == []
    time.now = 2 * MAX_WAIT  # such as a machine that slept
    assert order.admit([message(8)], more=True) == []
    time.now *= 2
    assert order.admit([]) == []
    assert packets(order.admit([message(5, again=True), message(6, again=True)])) == [5, 6]
    assert packets(waited(order, time)) == [7, 8]


def test_a_lost_connection_takes_what_was_held_back_with_it():
    order = DeliveryOrder(OrderState(4, []), Time())
    assert order.admit([message(9)]) == []
    assert packets(order.admit([message(packet, 2, again=True) for packet in range(5, 10)])) == [5, 6, 7, 8, 9]


def test_a_broker_that_numbers_from_1_again_is_waited_for_and_what_it_delivered_before_goes_first():
    time = Time()
    order = DeliveryOrder(OrderState(40_000, []), time)
    assert order.admit([message(1), message(2), message(3, again=True)]) == []
    assert order.renumbered
    assert packets(waited(order, time)) == [3, 1, 2]


def test_acknowledgements_that_were_lost_are_no_broker_that_was_started_again():
    """As Mosquitto does it, which delivers what it takes for unacknowledged first."""
    called = []
    time = Time()
    order = DeliveryOrder(
        OrderState(4000, []), time, lambda: called.append(1), lambda one: one.again and one.mid <= 4000
    )
    came = [message(packet, again=packet <= 4200) for packet in range(3600, 4300)]
    assert packets(order.admit(came) + waited(order, time)) == packets(came)
    order.acknowledged(came)
    assert not order.renumbered
    assert not called
    assert order.state == OrderState(4299, [])


@pytest.mark.parametrize(
    ("topic", "mid", "renumbered"), [(CITY, 39_000, False), (CITY, 1, True), (TOPIC, 39_000, True)]
)
def test_a_number_behind_tells_a_new_broker_where_nothing_was_dated_under_it(topic, mid, renumbered):
    order = DeliveryOrder(OrderState(40_000, []), Time())
    order.admit([message(mid, topic=topic, again=True)])
    assert order.renumbered is renumbered


def test_a_backlog_that_is_all_marked_as_delivered_before_is_in_order_and_leaves_no_trace():
    """As Mosquitto 2.0.11 marks all that has waited for a session, though little of it was on its way."""
    order = DeliveryOrder(OrderState(60_000, []), Time())
    came: list[int] = []
    everything = [message((60_000 + n) % 65_535 + 1, 2, again=True) for n in range(70_000)]
    for begin in range(0, len(everything), 2000):
        admitted = order.admit(everything[begin : begin + 2000])
        order.acknowledged(admitted)
        came += packets(admitted)
    assert came == packets(everything)
    assert order.state == OrderState(everything[-1].mid, [])


def test_packet_numbers_starts_again_behind_65535():
    order = DeliveryOrder(OrderState(65_533, []), Time())
    messages = [message(65_534), message(65_535), message(1)]
    assert packets(order.admit(messages)) == [65_534, 65_535, 1]
    order.acknowledged(messages)
    assert order.state == OrderState(1, [])


@given(
    st.integers(1, 65_535),
    st.lists(st.booleans(), min_size=1, max_size=40),
    st.integers(0, 39),
    st.randoms(use_true_random=False),
)
def test_whatever_was_acknowledged_before_a_kill_the_rest_comes_in_order(last, acknowledged, known, random):
    """Some packets behind the last are acknowledged; of the others some were delivered before, in any order."""
    before = DeliveryOrder(OrderState(last, []), Time())
    numbers = [(last + n) % 65_535 + 1 for n in range(len(acknowledged))]
    assert packets(before.admit([message(number) for number in numbers])) == numbers
    before.acknowledged([message(number) for number, done in zip(numbers, acknowledged, strict=True) if done])
    left = [number for number, done in zip(numbers, acknowledged, strict=True) if not done]
    time = Time()
    order = DeliveryOrder(before.state, time)
    older, newer = left[: known % len(left)] if left else [], left[known % len(left) :] if left else []
    random.shuffle(older)
    came = order.admit([message(number, 2) for number in newer])
    came += order.admit([message(number, 2, again=True) for number in older])
    assert packets(came + waited(order, time)) == left


def test_what_was_acknowledged_as_it_came_again_is_known_by_a_number_above_the_first_new_one():
    """As NATS does it: 20 was 8, whose acknowledgement came as it was sent again. 7 was under way when the connection broke."""
    time = Time()
    order = DeliveryOrder(OrderState(6, []), time)
    order.admit([message(7, again=True)])
    came = order.admit([message(9), message(8, again=True)]) + waited(order, time)
    order.acknowledged(came)
    eight = Message(TOPIC, b"8", 20, 1, again=True)
    assert not order.is_numbered_anew(replace(eight, again=False))
    assert not order.is_numbered_anew(replace(eight, mid=8))
    assert order.is_numbered_anew(eight)
    assert not order.is_numbered_anew(eight)  # once
    nine = Message(TOPIC, b"9", 21, 2, again=True)
    order.admit([message(10, connection=2, again=True)])
    assert not order.is_numbered_anew(nine)


@pytest.mark.parametrize("late", [False, True])
def test_what_was_acknowledged_in_time_does_not_come_again(late):
    """As where the store fails for a while. One like it that comes later is another message, which NATS had no number for."""
    time = Time()
    order = DeliveryOrder(OrderState(6, []), time)
    order.acknowledged(order.admit([message(7)]))
    order.admit([])
    came = order.admit([message(8)])
    time.now += LATE if late else LATE / 2
    order.acknowledged(came)
    assert order.is_numbered_anew(Message(TOPIC, b"8", 20, 1, again=True)) is late
    assert not order.is_numbered_anew(Message(TOPIC, b"8", 21, 1, again=True))
    assert not order.is_numbered_anew(Message(TOPIC, b"7", 22, 1, again=True))


@pytest.mark.parametrize("alike", [0, 1])
def test_of_a_backlog_what_has_no_like_is_taken_for_what_comes_again(alike):
    time = Time()
    order = DeliveryOrder(OrderState(6, []), time)
    order.admit([message(7)])
    for packet in range(8, 20):
        time.now += 1.0
        payload = b"x" if packet - 18 in range(alike + 1) else b"%d" % packet
        order.acknowledged(order.admit([Message(TOPIC, payload, packet, 1)], more=True))
    assert order.is_numbered_anew(Message(TOPIC, b"x", 30, 1, again=True)) is (not alike)


def test_a_broker_that_was_started_again_has_no_numbers_of_before():
    order = DeliveryOrder(OrderState(500, []), Time())
    order.admit([message(1), message(2, again=True)])
    assert order.renumbered
    assert not order.is_numbered_anew(message(2, again=True))
