"""Answers over MQTT, as its listener takes them."""

import json

import pytest

from api.trials.mqtt import AnswerReceiver
from tests.api.trials.hosting import FIRST, FORECAST, STEPS, begin, step, wait_for


@pytest.fixture
def receiver(there):
    """What takes messages, and the dead letters."""
    api, _ = there
    dead_letters: list[tuple[str, str]] = []
    receiver = AnswerReceiver(
        api.context.trials.register, lambda some: dead_letters.extend((code, reason) for _, _, code, reason in some)
    )
    return receiver, dead_letters


def test_a_service_goes_through_a_trial_by_messages_alone(client, receiver):
    answers, dead_letters = receiver
    trial = begin(client)
    topic = trial["topics"]["answers"]
    assert topic == f"pilots/test-pilot/answers/{trial['trial']}"
    wait_for(client, trial["trial"], "running", world=True)
    for number in range(STEPS + 1):
        given = [FORECAST] if number > FIRST else []
        message = json.dumps({"step": number, "next": True, "answers": given}).encode()
        answers.take(topic, message)
        answers.take(topic, message)  # as a broker may deliver it again
        wait_for(client, trial["trial"], "running", "scoring", "done", step=number + 1)
    over = wait_for(client, trial["trial"], "done")
    assert over["results"][0]["answers"] == STEPS - FIRST
    assert dead_letters == [] or {code for code, _ in dead_letters} == {
        "trial"
    }  # a repetition may come when the step is made


def test_what_does_not_count_is_a_dead_letter_that_says_why(client, receiver):
    answers, dead_letters = receiver
    trial = begin(client)
    topic = trial["topics"]["answers"]
    step(client, trial)
    early = json.dumps({"answers": [FORECAST]}).encode()
    foreign = topic.replace("test-pilot", "test-admin")
    for where, payload, code, expected in (
        (topic, early, "trial", "answers count from step"),
        (topic, b'{"answers": [], "step": 0}', "trial", "step 0 is not the one"),
        (topic, b'{"answers": [NaN]}', "schema", "JSON"),
        (topic, b'{"answrs": []}', "schema", "answrs"),
        (topic, b'{"answers": [], "next": true}', "schema", "next needs step"),
        (foreign, early, "trial", "no trial"),
        ("pilots/test-pilot/answers/t-none", early, "trial", "no trial"),
        ("pilots/test-pilot/answers/no word", early, "topic", "no word"),
    ):
        dead_letters.clear()
        answers.take(where, payload)
        assert dead_letters == []
        answers.settle()
        assert [dead_letter[0] for dead_letter in dead_letters] == [code], payload
        assert expected in dead_letters[0][1]
    dead_letters.clear()
    answers.take(topic, b"")
    answers.settle()
    assert dead_letters == []
