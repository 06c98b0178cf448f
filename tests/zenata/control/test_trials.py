"""Answers that several processes take for one trial; on SQLite and on PostgreSQL."""

import threading
from functools import partial

import pytest

from sandbox.parts import city_of
from tests.api.trials.hosting import FIRST, FORECAST, SHORT
from tests.waiting import at_once
from zenata.city.clock import WallClock
from zenata.contract.trials import NewAnswers, NewTrial
from zenata.control.register import Register
from zenata.control.trials import Trials
from zenata.errors import TrialError

STEP = FIRST + 1


@pytest.fixture
def trials(engine):
    """Return two registers, as two processes have them, and the id of a trial whose answers count."""
    Register(engine).add("aqua", by="test")
    city = city_of("valdeira")
    first, second = (Trials(engine, city, {"short": SHORT}, WallClock(), shared=True) for _ in range(2))
    row = first.begin("aqua", NewTrial(challenge="short", seeds=[1], parallel=1))
    first.change(row.id, phase="running", world="w-1", step=STEP, start=0)
    return first, second, row.id


def answer(trials: Trials, id_: str, patience: float = 60) -> tuple[int, int]:
    """Answer; return how many counted, and how many had come before."""
    return trials.answer(id_, "aqua", NewAnswers(answers=[FORECAST]), patience)[2:]


def test_an_answer_that_another_process_took_is_known(trials):
    first, second, id_ = trials
    assert answer(first, id_) == (1, 0)
    assert answer(second, id_) == (0, 1)
    assert answer(first, id_) == (0, 1)
    assert len(first.answers(id_, 0)) == 1
    first.change(id_, step=STEP + 1)
    assert answer(second, id_) == (1, 0), "it is another step"
    assert answer(first, id_) == (0, 1)


def test_little_is_held_of_answers_and_nothing_of_those_to_seeds_that_are_over(trials):
    first, second, id_ = trials
    ids = [id_, *(first.begin("aqua", NewTrial(challenge="short", seeds=[1, 2])).id for _ in range(2))]
    for one in ids:
        first.change(one, phase="running", world="w-1", step=STEP, start=0)
    answer(first, ids[0])
    answer(first, ids[1])
    assert sorted(first._answered) == sorted(ids[:2])
    assert [len(one) for one in first._answered[ids[0]].answers] == [32]
    second.change(ids[0], phase="done")
    second.change(ids[1], current=1)
    answer(first, ids[2])
    assert list(first._answered) == [ids[2]]


def test_of_the_same_answer_at_once_one_counts(trials):
    first, second, id_ = trials
    taken = at_once(*(partial(answer, one, id_) for one in (first, second)))
    assert sorted(taken) == [(0, 1), (1, 0)]


def test_answers_wait_for_a_step_that_another_process_makes(trials):
    first, second, id_ = trials
    with first.moving(id_, STEP + 1):
        with pytest.raises(TrialError, match="is being made") as refused:
            answer(second, id_, patience=0.1)
        assert refused.value.reason == "away"
        first.change(id_, step=STEP + 1)
    assert answer(second, id_) == (1, 0)
    assert first.trial(id_).moving == STEP + 1, "which is made now"


def test_answers_do_not_wait_for_a_step_that_failed(trials):
    first, second, id_ = trials
    with pytest.raises(OSError), first.moving(id_, STEP + 1):
        raise OSError
    assert answer(second, id_) == (1, 0)


def test_a_trial_gets_one_world(trials):
    first, second, id_ = trials
    assert not second.change(id_, ("running",), without_world=True, world="w-2")
    assert first.trial(id_).world == "w-1"


def test_an_answer_to_a_step_that_was_seen_before_it_counts_as_made_waits_for_it(trials, monkeypatch):
    first, _, id_ = trials
    first.answer(id_, "aqua", NewAnswers(step=STEP, next=True))
    made = threading.Timer(0.05, lambda: first.change(id_, step=STEP + 1))
    made.start()  # after a request to the world that broke off behind what it has published
    following = NewAnswers(step=STEP + 1, answers=[FORECAST])
    assert first.answer(id_, "aqua", following)[1:] == (STEP + 1, 1, 0)
    with first.moving(id_, STEP + 2):
        row_of = first.trial

        def stale(*args):
            row = row_of(*args)
            monkeypatch.undo()
            first.change(id_, step=STEP + 2)
            first._moving.clear()  # the step is made between the two looks
            return row

        monkeypatch.setattr(first, "trial", stale)
        assert first.answer(id_, "aqua", NewAnswers(step=STEP + 2, answers=[FORECAST]))[1:] == (STEP + 2, 1, 0)
