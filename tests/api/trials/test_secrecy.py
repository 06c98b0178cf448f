"""The attack: a pilot who reads every route and topic of its trial's world, and tries to move it."""

from dataclasses import replace

import pytest
from msgspec import structs

from api.http.rights import RIGHTS
from simulators.record.journal import Journal
from simulators.record.run import Run
from tests.api.trials.hosting import FIRST, SHORT, begin, refused, steps
from zenata.trials.registry import CHALLENGES

HIDDEN = "hidden-gateway"
EVENT = {"type": "gateway_down", "id": HIDDEN, "start": "+30m", "duration": 3600, "kinds": ["parking"]}
HEAT = {"type": "heatwave", "id": "hidden-heat", "start": "+30m", "duration": 7200}  # which a city announces
SPECIAL = {"/v1/stream", "/metrics"}  # one goes on for ever, the other is for operators


@pytest.fixture(scope="module")
def client(there):
    """A pilot's client, whose one trial goes on."""
    with there[0].client() as client:
        yield client


@pytest.fixture(scope="module")
def trial(there, client):
    """A trial of hidden seeds in whose world something hidden is under way, and what must not be seen."""
    api, host = there
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CHALLENGES, "short", replace(SHORT, events=lambda _: (EVENT, HEAT)))
        trial = begin(client, seeds=None, publish=True)
        steps(client, trial, FIRST + 1)
    trial = client.get(f"/v1/trials/{trial['trial']}").json()
    seed = api.context.trials.register.trial(trial["trial"]).drawn[0]
    return trial, host.hosted[trial["world"]], (str(seed.number), seed.secret, HIDDEN, HEAT["id"], "gateway_down")


def test_no_route_tells_what_is_hidden(client, trial):
    trial, _, hidden = trial
    names = {"world": trial["world"], "trial": trial["trial"], "pilot": "test-pilot", "challenge": "parking-forecast"}
    names |= {"sensor": "parking-0001", "network": "streets", "edition": "2026"}
    tried = 0
    for method, path in RIGHTS:
        if method != "GET" or path in SPECIAL:
            continue
        for query in ({}, {"world": trial["world"]}):
            url = path.format_map({**dict.fromkeys("device export webhook command".split(), "x"), **names})
            response = client.get(url, params=query)
            tried += response.status_code == 200
            # The types of events there are, and what scenarios are made of, are public.
            secrets = hidden[:4] if path in ("/v1/event-types", "/v1/scenarios") else hidden
            assert not [secret for secret in secrets if secret in response.text], url
    assert tried > 20


def test_no_topic_tells_what_is_hidden(trial):
    _, hosted, hidden = trial
    topics = {topic.split("/")[1] for topic, _ in hosted.broker.published}
    assert topics == {"telemetry", "clock"}
    assert not [secret for _, payload in hosted.broker.published for secret in hidden if secret.encode() in payload]


@pytest.mark.parametrize(
    ("method", "path", "members"),
    [
        ("PATCH", "clock", {"state": "running"}),
        ("PATCH", "clock", {"speed": "max"}),
        ("POST", "advance", {"steps": 1}),
        ("POST", "backfill", {"end": "2027-06-01T00:00:00Z"}),
        ("POST", "fork", {}),
        ("POST", "events", {"type": "leak", "target": "street-0001"}),
        ("DELETE", f"events/{HIDDEN}", None),
        ("POST", "reveal", {}),
        ("POST", "repairs", {"target": "street-0001"}),  # a crew would say what it finds there
        ("GET", "repairs", None),
        ("GET", "truth", None),
        ("GET", "record", None),
        ("DELETE", "", None),
    ],
)
def test_nobody_moves_disturbs_copies_or_reads_its_world(client, trial, method, path, members):
    trial, hosted, _ = trial
    before = hosted.simulation.running.time
    response = client.request(method, f"/v1/worlds/{trial['world']}/{path}".rstrip("/"), json=members)
    assert refused(response)[0] == "world-conflict", response.text
    assert hosted.simulation.running.time == before
    assert client.get(f"/v1/worlds/{trial['world']}").json()["events"] == 0


def test_a_world_of_the_same_seed_and_start_is_another_city(client, there, trial):
    _, host = there
    _, hosted, _ = trial
    clone = Run(host.city, structs.replace(hosted.simulation.running.recipe, sealed=""), Journal(None))
    while clone.time < hosted.simulation.running.time:
        clone.step()
    assert clone.digest.hexdigest() != hosted.simulation.running.digest.hexdigest()
