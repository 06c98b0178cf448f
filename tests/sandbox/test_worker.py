"""Listeners of topics: answers to one trial hold up no other trial's."""

from collections.abc import Iterator

from sandbox import worker
from sandbox.settings import Settings
from sandbox.worker import AnswerListener
from zenata.errors import StoreError
from zenata.wire.address import Address
from zenata.wire.mqtt import Message

SLOW, QUICK = "pilots/slow/answers/t-1", "pilots/quick/answers/t-2"


class Answers:
    """A trial of which a step is made until it is said to be done, and others."""

    def __init__(self) -> None:
        self.under_way = True
        self.taken: list[bytes] = []
        self.rejected: list[bytes] = []
        self.settled = 0
        self.failures: Iterator[Exception] = iter(())

    def take(self, topic: str, payload: bytes, *, may_wait: bool) -> bool:
        if topic == SLOW and self.under_way:
            if not may_wait:
                self.rejected.append(payload)
            return not may_wait
        self.taken.append(payload)
        return True

    def settle(self) -> None:
        for failure in self.failures:
            raise failure
        self.settled += 1


class Acknowledged:
    """Stands for the subscription, where some have come."""

    def __init__(self, *received: Message) -> None:
        self.messages: list[bytes] = []
        self.received = list(received)

    def receive(self, *, limit: int, wait: float) -> list[Message]:
        some, self.received = self.received[:limit], self.received[limit:]
        return some

    def acknowledge(self, messages) -> None:
        self.messages += [message.payload for message in messages]


def message(topic: str, number: int) -> Message:
    return Message(topic=topic, payload=b"%d" % number, mid=number, connection=1)


def listener(answers: Answers) -> AnswerListener:
    return AnswerListener(Settings(), Address(host="127.0.0.1", port=1), answers)


def test_answers_wait_for_a_step_in_their_order_and_others_do_not():
    answers, acknowledged = Answers(), Acknowledged()
    listening = listener(answers)
    waiting = [(float("inf"), message(topic, at)) for at, topic in enumerate((SLOW, SLOW, QUICK, SLOW, QUICK))]
    left = listening._take(waiting, acknowledged)
    assert answers.taken == acknowledged.messages == [b"2", b"4"]
    answers.under_way = False
    assert listening._take(left, acknowledged) == []
    assert answers.taken == acknowledged.messages == [b"2", b"4", b"0", b"1", b"3"]
    assert answers.rejected == []


def test_what_waits_for_too_long_or_is_too_much_is_rejected_and_acknowledged():
    answers, acknowledged = Answers(), Acknowledged()
    waiting = [(0.0, message(SLOW, 0))]
    waiting += [(float("inf"), message(SLOW, at)) for at in range(1, worker._MAX_WAITING + 3)]
    left = listener(answers)._take(waiting, acknowledged)
    assert len(left) == worker._MAX_WAITING
    assert (
        answers.rejected
        == acknowledged.messages
        == [b"0", b"%d" % (worker._MAX_WAITING + 1), b"%d" % (worker._MAX_WAITING + 2)]
    )


def test_answers_of_one_pilot_hold_up_no_other_pilots_and_are_settled_together(monkeypatch):
    """A hundred a second that had no effect were a commit each, and everybody's answers waited for minutes."""
    monkeypatch.setattr(worker, "_PAUSE", 0.0)
    answers = Answers()
    answers.under_way = False
    answers.failures = iter([StoreError("the disk is full")])
    came = Acknowledged(*(message(SLOW, at) for at in range(150)), message(QUICK, 150), message(QUICK, 151))
    listening = listener(answers)
    listening._receive(came)
    assert answers.taken[:4] == [b"0", b"150", b"1", b"151"]
    assert (len(answers.taken), answers.settled) == (152, 1)
    assert sorted(came.messages) == sorted(answers.taken)
    listening._receive(came)
    assert answers.settled == 1
