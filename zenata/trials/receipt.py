"""Receipt of a trial: an in-toto statement of its scores in a signed envelope, and the evidence that it can be recomputed from.

The statement has digests of the answers and commands of each seed; the evidence beside it has them whole. So nobody can
change a score, an answer, a seed or a command without the receipt saying so.

References
----------
in-toto Attestation Framework 1.0: Statement v1, predicate test-result v0.1.
Dead Simple Signing Envelope (DSSE) 1.0.2, protocol and envelope.
RFC 8032 (Ed25519).
"""

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from zenata.city.model import City
from zenata.errors import ZenataError
from zenata.trials.seeds import Seed, commitment_of

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


class ReceiptError(ZenataError):
    """A receipt is none, or was changed; the message names what does not agree."""


class SeedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the score of a seed follows from.

    Parameters
    ----------
    seed : Seed or None
        None while the seeds of a graded trial are hidden.
    points : float
    answers : list of (int, dict)
        Time [us since the Unix epoch] and answer.
    entries : list of dict
        What was done to the world (`simulators.record.journal.Entry`).
    """

    seed: Seed | None
    points: float
    answers: list[tuple[int, dict[str, Any]]]
    entries: list[dict[str, Any]]

    @property
    def digest(self) -> str:
        """SHA-256 of answers and commands, in hex."""
        return sha256(msgspec.json.encode([self.answers, self.entries], order="sorted")).hexdigest()


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature: the SHA-256 of the public key, and the signature itself in base64."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A DSSE envelope; the payload is in base64."""

    payload_type: str
    payload: str
    signatures: list[Signature]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt: the envelope, the public key in hex that it names, and the evidence by seed."""

    envelope: Envelope
    key: str
    evidence: list[SeedEvidence]


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a statement says of a trial.

    Parameters
    ----------
    trial, pilot, challenge, mode, ended : str
    commitment, code, city : str
        SHA-256 in hex, of the seeds, the code and the city pack.
    mean : float
    low, high : float or None
        Student's t interval.
    version : str
        What was declared for the run of a frozen set; left out of other trials.
    """

    trial: str
    pilot: str
    challenge: str
    mode: str
    ended: str
    commitment: str
    code: str
    city: str
    mean: float
    low: float | None
    high: float | None
    version: str = ""


def make_receipt(facts: Facts, evidence: Sequence[SeedEvidence], private: bytes) -> Receipt:
    """Return the signed receipt of a trial; equal arguments give equal receipts.

    Parameters
    ----------
    facts : Facts
    evidence : sequence of SeedEvidence
    private : bytes, shape (32,)
        Seed of an Ed25519 key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # only who signs waits for it

    key = Ed25519PrivateKey.from_private_bytes(private)
    public = key.public_key().public_bytes_raw()
    payload = msgspec.json.encode(_statement(facts, evidence))
    signature = base64.b64encode(key.sign(_encoded(payload))).decode()
    envelope = Envelope(
        payload_type=PAYLOAD_TYPE,
        payload=base64.b64encode(payload).decode(),
        signatures=[Signature(keyid=sha256(public).hexdigest(), sig=signature)],
    )
    return Receipt(envelope=envelope, key=public.hex(), evidence=list(evidence))


def read_receipt(text: bytes) -> Receipt:
    """Return a receipt.

    Raises
    ------
    ReceiptError
        If it is none.
    """
    try:
        return msgspec.json.decode(text, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReceiptError(f"this is no receipt of a trial: {error}") from error


def check_receipt(receipt: Receipt, key: str | None = None) -> Facts:
    """Return what a receipt says, if its signature holds and its evidence agrees with what was signed.

    Parameters
    ----------
    receipt : Receipt
    key : str, optional
        The public key in hex that it must be signed with; else that in the receipt, whose origin nobody vouches for.

    Raises
    ------
    ReceiptError
        Naming what was changed.
    """
    public = _hex("key", receipt.key if key is None else key)
    payload = _verified(receipt.envelope, public)
    try:
        statement = msgspec.json.decode(payload)
        facts = msgspec.convert(statement["predicate"]["annotations"], Facts)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as error:
        raise ReceiptError(f"what was signed is no statement of a trial: {error}") from error
    signed = {one["name"]: one for one in statement["predicate"]["configuration"]}
    for number, seed in enumerate(receipt.evidence, 1):
        known = signed.pop(f"seed-{number}", None)
        if known is None or known["digest"]["sha256"] != seed.digest:
            raise ReceiptError(f"answers or commands of seed {number} are not those that were signed")
        if known["annotations"]["points"] != seed.points:
            raise ReceiptError(f"points of seed {number} are not those that were signed")
    if missing := [name for name in signed if name.startswith("seed-")]:
        raise ReceiptError(f"evidence of {missing[0]} is missing")
    seeds = [one.seed for one in receipt.evidence if one.seed is not None]
    if seeds and commitment_of(seeds) != facts.commitment:
        raise ReceiptError("the seeds are not those that were committed to")
    if statement != msgspec.to_builtins(_statement(facts, receipt.evidence)):
        raise ReceiptError("the statement is not that of this evidence")
    return facts


@cache
def code_digest() -> str:
    """Return the SHA-256 of the code that scores follow from: of `zenata` and `simulators`, in hex."""
    digest, root = sha256(), Path(__file__).parents[2]
    for file in sorted(path for room in ("zenata", "simulators") for path in (root / room).rglob("*.py")):
        digest.update(f"{file.relative_to(root).as_posix()}\n".encode() + sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def city_digest(city: City) -> str:
    """Return the SHA-256 of a city as its pack has it, in hex, but for the layers that only maps show."""
    plain = msgspec.to_builtins(replace(city, layers={}))
    return sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()


def _statement(facts: Facts, evidence: Sequence[SeedEvidence]) -> dict[str, Any]:
    names = [f"seed-{number}" for number, _ in enumerate(evidence, 1)]
    better = [name for name, seed in zip(names, evidence, strict=True) if seed.points > 0]
    whole = sha256("".join(seed.digest for seed in evidence).encode()).hexdigest()
    resources = {"challenge": facts.code, "city": facts.city, "seeds": facts.commitment}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f"{facts.pilot}/{facts.trial}", "digest": {"sha256": whole}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": "PASSED" if math.isfinite(facts.mean) and facts.mean > 0 else "FAILED",
            "configuration": [
                *({"name": name, "digest": {"sha256": digest}} for name, digest in resources.items()),
                *(
                    {"name": name, "digest": {"sha256": seed.digest}, "annotations": {"points": seed.points}}
                    for name, seed in zip(names, evidence, strict=True)
                ),
            ],
            "passedTests": better,
            "failedTests": [name for name in names if name not in better],
            "annotations": msgspec.to_builtins(facts),
        },
    }


def _encoded(payload: bytes) -> bytes:
    """Return what is signed (DSSE protocol, PAE)."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _verified(envelope: Envelope, public: bytes) -> bytes:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if envelope.payload_type != PAYLOAD_TYPE:
        raise ReceiptError(f"the envelope holds {envelope.payload_type[:80]!r}, not {PAYLOAD_TYPE}")
    keyid = sha256(public).hexdigest()
    signatures = {one.keyid: one.sig for one in envelope.signatures}
    if keyid not in signatures:
        raise ReceiptError(f"it is not signed with the key {keyid[:16]}..., but with another")
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        signature = base64.b64decode(signatures[keyid], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _encoded(payload))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise ReceiptError("the signature does not hold: the statement was changed after it was signed") from error
    return payload


def _hex(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ReceiptError(f"{name} is not hexadecimal") from error
