import base64
import json
from dataclasses import replace as changed

import msgspec
import pytest
from msgspec.structs import replace
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import SSlibKey

from zenata.city.pack import load_city
from zenata.trials.receipt import (
    Facts,
    ReceiptError,
    SeedEvidence,
    check_receipt,
    city_digest,
    code_digest,
    make_receipt,
    read_receipt,
)
from zenata.trials.seeds import commitment_of, practice_seed

KEY = bytes(range(32))
SEEDS = [practice_seed(number) for number in (1, 2)]
FACTS = Facts(
    trial="t-1",
    pilot="aqua",
    challenge="leak-detection",
    mode="practice",
    ended="2026-01-01T00:00:00Z",
    commitment=commitment_of(SEEDS),
    code=code_digest(),
    city="00" * 32,
    mean=10.0,
    low=-5.0,
    high=25.0,
)
EVIDENCE = [
    SeedEvidence(
        seed=seed,
        points=points,
        answers=[(5, {"streets": ["street-0001"]})],
        entries=[{"at": 7, "order": {"kind": "water", "sensor": "water-0001", "set": {"valve": 0}}}],
    )
    for seed, points in zip(SEEDS, (25.0, -5.0), strict=True)
]


@pytest.fixture
def receipt() -> dict:
    return json.loads(msgspec.json.encode(make_receipt(FACTS, EVIDENCE, KEY)))


def problem(document: dict, **more) -> str:
    with pytest.raises(ReceiptError) as refused:
        check_receipt(read_receipt(json.dumps(document).encode()), **more)
    return str(refused.value)


def test_a_receipt_says_what_was_signed(receipt):
    assert check_receipt(read_receipt(json.dumps(receipt).encode())) == FACTS
    assert check_receipt(read_receipt(json.dumps(receipt).encode()), receipt["key"]) == FACTS
    assert make_receipt(FACTS, EVIDENCE, KEY) == make_receipt(FACTS, EVIDENCE, KEY)


def test_the_statement_is_in_totos(receipt):
    statement = json.loads(base64.b64decode(receipt["envelope"]["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = statement["predicate"]
    assert (predicate["result"], predicate["passedTests"], predicate["failedTests"]) == (
        "PASSED",
        ["seed-1"],
        ["seed-2"],
    )
    assert {"challenge", "city", "seeds", "seed-1", "seed-2"} == {one["name"] for one in predicate["configuration"]}


def test_another_implementation_verifies_the_envelope(receipt):
    envelope = receipt["envelope"]
    keyid = envelope["signatures"][0]["keyid"]
    key = SSlibKey(keyid, "ed25519", "ed25519", {"public": receipt["key"]})
    assert OtherEnvelope.from_dict(envelope).verify([key], 1)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("evidence", 0, "points"), 99.0, "points of seed 1"),
        (("evidence", 1, "answers", 0, 1), {"streets": []}, "commands of seed 2"),
        (("evidence", 1, "answers", 0, 0), 4, "commands of seed 2"),
        (("evidence", 0, "entries"), [], "commands of seed 1"),
        (("evidence", 0, "seed", "number"), 3, "seeds are not"),
        (("evidence", 0, "seed", "secret"), "00" * 32, "seeds are not"),
        (("envelope", "signatures", 0, "sig"), "AAAA", "signature does not hold"),
        (("envelope", "payloadType"), "text/plain", "text/plain"),
        (("key",), "11" * 32, "not signed with the key"),
        (("key",), "zz", "not hexadecimal"),
    ],
)
def test_what_was_changed_is_named(receipt, path, value, named):
    where = receipt
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value
    assert named in problem(receipt)


def test_evidence_that_is_left_out_is_named(receipt):
    del receipt["evidence"][1]
    assert "seed-2 is missing" in problem(receipt)


def test_a_changed_statement_is_not_signed(receipt):
    statement = base64.b64decode(receipt["envelope"]["payload"]).replace(b'"mean":10.0', b'"mean":90.0')
    receipt["envelope"]["payload"] = base64.b64encode(statement).decode()
    assert "changed after it was signed" in problem(receipt)


def test_a_receipt_signed_by_another_is_not_the_sandboxs(receipt):
    other = make_receipt(FACTS, EVIDENCE, bytes(32))
    assert "but with another" in problem(json.loads(msgspec.json.encode(other)), key=receipt["key"])


def test_hidden_seeds_are_no_fault():
    hidden = [replace(one, seed=None) for one in EVIDENCE]
    assert check_receipt(make_receipt(FACTS, hidden, KEY)) == FACTS


@pytest.mark.parametrize("pack", ["valdeira", "zenata"])
def test_a_changed_city_has_another_digest(pack):
    city = load_city(pack)
    assert city.zone
    assert city.sensor_by_id  # what is computed once is not of the pack
    assert city_digest(city) == city_digest(load_city(pack)) != city_digest(changed(city, name="other"))
