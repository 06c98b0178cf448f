"""Whatever is sent: nothing stalls ingest, each malformed message is a dead letter, and the good ones are stored."""

import itertools

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.test_service import air, ingesting, publish, seqs, wait_for  # noqa: F401 - a fixture
from zenata.store.dead_letters import REASONS

EXAMPLES, SIZE = max(settings.default.max_examples // 2, 1), 50  # 350 payloads; 12,500 in `make soak`

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
LABELS = st.sampled_from(
    ["bn", "bt", "bu", "bv", "bs", "bver", "seq", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x_"]
)
NEARLY = st.lists(st.dictionaries(LABELS, LEAVES, max_size=5), min_size=1, max_size=3)
GARBAGE = st.binary(min_size=1, max_size=40) | (JSON | NEARLY).map(lambda what: msgspec.json.encode(what, enc_hook=str))
_numbers = itertools.count(1)


@settings(suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)
@given(payloads=st.lists(GARBAGE, min_size=SIZE, max_size=SIZE))
def check(ingest, publish, store, payloads):  # noqa: F811 - a fixture
    before, number = (ingest.counters.messages, ingest.counters.dead_letters), next(_numbers)
    topic = air("w-poison", 1)[0]
    half = SIZE // 2
    publish(*((topic, payload) for payload in payloads[:half]))
    publish(air("w-poison", number), *((topic, payload) for payload in payloads[half:]))
    wait_for(lambda: ingest.counters.messages == before[0] + SIZE + 1)
    assert ingest.counters.dead_letters == before[1] + SIZE
    newest = store.dead_letters(limit=SIZE, payloads=True)
    assert sorted(dead_letter.payload for dead_letter in newest) == sorted(payloads)
    assert all(dead_letter.code in REASONS and dead_letter.reason for dead_letter in newest)


@pytest.mark.hypothesis
def test_nothing_malformed_stalls_ingest_or_is_lost(broker, store, publish):  # noqa: F811 - a fixture
    with ingesting(broker, store) as ingest:
        check(ingest, publish, store)
        sent = next(_numbers) - 1
    assert sent >= EXAMPLES
    assert seqs(store, "w-poison") == list(range(1, sent + 1))
    balance = store.ledger.balance("w-poison")
    assert (balance.stored, balance.rejected, balance.missing) == (sent, sent * SIZE, 0)
