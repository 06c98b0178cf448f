"""The ledger and the dead letters, by whoever may see them."""

from collections.abc import Iterator

import pytest

from ingest.clocks import Clocks
from ingest.replay import replay
from tests.api.documents import conforming, pages
from tests.api.running import START, Api, batch_of, private_world, running, series_of, small_city
from zenata.city.model import City
from zenata.contract.base import Page
from zenata.contract.messages import DeadLetter as LetterDocument
from zenata.contract.messages import Ledger, SensorAccount
from zenata.store import open_store
from zenata.store.base import Store
from zenata.store.dead_letters import MAX_PAYLOAD, DeadLetter

GOOD = b'[{"bn":"air-0001/","bt":1767225600,"seq":9,"n":"pm25","v":1}]'
TOPICS = {"zenata": "zenata/telemetry/la-ferme/air/air-0001", "w-own": "w-own/telemetry/la-ferme/air/air-0001"}


def dead_letter(
    number: int, topic: str, *, payload: bytes = b"{", sensor: str = "air-0001", seq: int = 0
) -> DeadLetter:
    received = START + number
    return DeadLetter(
        received=received,
        topic=topic,
        payload=payload,
        code="sensor",
        reason="the city has no sensor 'x'",
        sensor=sensor,
        seq=seq,
    )


LETTERS = [
    dead_letter(1, TOPICS["zenata"], payload=b"\xff"),
    dead_letter(2, TOPICS["zenata"]),
    dead_letter(3, TOPICS["w-own"], seq=4),
    dead_letter(4, "w-foreign/telemetry/la-ferme/air/air-0001"),
    dead_letter(5, "pilots/test-pilot/telemetry/probe", sensor=""),
    dead_letter(6, "pilots/ben/telemetry/probe", sensor=""),
]


def fill(store: Store, city: City) -> None:
    """Messages 1 and 3 of every sensor in three worlds, and the dead_letters."""
    for world in ("zenata", "w-own", "w-foreign"):
        for seq in (1, 3):
            batch = batch_of(series_of(city, world), range(seq, seq + 1))
            batch.seq[:] = seq
            store.append(batch)
    store.append(batch_of([], range(0)), LETTERS)
    store.ledger.announce("w-own", 20)


@pytest.fixture
def api(tmp_path) -> Iterator[Api]:
    city, store = small_city(), open_store(f"duckdb:///{tmp_path}/readings.duckdb")
    fill(store, city)
    private_world(tmp_path, "w-own")
    private_world(tmp_path, "w-foreign", "ben")

    def again() -> tuple[int, int]:
        done = replay(city, store, Clocks())
        return done.mended, done.dead

    with running(city=city, store=store, worlds=tmp_path, replay=again) as api:
        yield api
    store.close()


def test_the_ledger_balances_for_each_world_and_pilot(api):
    with api.client("engineer") as engineer:
        shown = conforming(engineer.get("/v1/ledger").json(), Ledger)
    lines = {line.world: line for line in shown.items}
    assert list(lines) == ["zenata", "w-foreign", "w-own"]
    own = lines["w-own"]
    # Four sensors sent 1 and 3; one of them sent 4 too, which is dead.
    assert (own.stored, own.rejected, own.missing, own.in_flight, own.repeated) == (8, 1, 4, 7, 0)
    assert own.published == 20
    for line in shown.items:
        assert line.published == line.stored + line.rejected + line.in_flight + line.missing
    assert [(pilot.pilot, pilot.published) for pilot in shown.pilots] == [
        ("ben", lines["w-foreign"].published),
        ("test-pilot", 20),
    ]


def test_a_pilot_sees_the_balance_of_the_city_and_of_its_own_worlds(api):
    with api.client() as pilot:
        shown = pilot.get("/v1/ledger").json()
        assert [line["world"] for line in shown["items"]] == ["zenata", "w-own"]
        assert [line["pilot"] for line in shown["pilots"]] == ["test-pilot"]
        assert pilot.get("/v1/ledger/w-foreign").status_code == 404


def test_an_account_names_what_is_missing(api):
    with api.client() as pilot:
        page = conforming(pilot.get("/v1/ledger/w-own").json(), Page[SensorAccount])
        assert [(one.sensor, one.missing, one.gaps) for one in page.items] == [
            (sensor, 1, [(2, 2)]) for sensor in ("air-0001", "air-0002", "noise-0001", "traffic-0001")
        ]
        found = pages(pilot, "/v1/ledger/w-own", limit=3)
        assert [one["sensor"] for part in found for one in part["items"]] == [one.sensor for one in page.items]
        assert pilot.get("/v1/ledger/w-own?cursor=x").status_code == 422


def test_sensors_without_a_flaw_are_shown_on_request(api):
    batch = batch_of(series_of(api.city, "zenata"), range(2, 3))
    batch.seq[:] = 2
    api.store.append(batch)
    with api.client("admin") as admin:
        assert [one["sensor"] for one in admin.get("/v1/ledger/zenata").json()["items"]] == ["air-0001"]
        assert len(admin.get("/v1/ledger/zenata?all=true").json()["items"]) == 4


def received(response) -> list[str]:
    page = conforming(response.json(), Page[LetterDocument])
    return [f"{one.received.microsecond:02}" for one in page.items]


def test_dead_letters_are_seen_by_whom_they_concern(api):
    with api.client() as pilot, api.client("engineer") as engineer, api.client("guest") as guest:
        assert received(engineer.get("/v1/dead-letters")) == ["06", "05", "04", "03", "02", "01"]
        assert received(engineer.get("/v1/dead-letters?world=w-foreign")) == ["04"]
        assert received(pilot.get("/v1/dead-letters")) == ["05", "03"]
        assert received(pilot.get("/v1/dead-letters?world=w-own")) == ["03"]
        assert pilot.get("/v1/dead-letters?world=zenata").status_code == 403
        assert pilot.get("/v1/dead-letters?world=w-foreign").status_code == 404
        assert received(guest.get("/v1/dead-letters")) == []


def test_dead_letters_come_page_by_page_and_whole(api):
    with api.client("admin") as admin:
        found = pages(admin, "/v1/dead-letters", limit=4, payload=True)
        items = [item for page in found for item in page["items"]]
    assert len(items) == 6
    assert (items[5]["payload"], items[5]["encoding"]) == ("/w==", "base64")
    assert (items[4]["payload"], items[4]["encoding"], items[4]["seq"]) == ("{", "utf-8", None)
    assert (items[3]["sensor"], items[3]["seq"], items[0]["sensor"]) == ("air-0001", 4, None)


def test_the_list_reads_no_payload_unless_asked(api, monkeypatch):
    read: list[bool] = []
    select = api.store.dead_letters
    monkeypatch.setattr(
        api.store, "dead_letters", lambda **options: read.append(options["payloads"]) or select(**options)
    )
    long = dead_letter(8, TOPICS["zenata"], payload=b"x" * (MAX_PAYLOAD + 1)).bounded()
    api.store.append(batch_of([], range(0)), [long])
    with api.client("admin") as admin:
        plain = conforming(admin.get("/v1/dead-letters").json(), Page[LetterDocument]).items
        assert {one.reasons.fr for one in plain} == {"la ville n'a pas de capteur 'x'"}
        with_payload = admin.get("/v1/dead-letters", params={"payload": True, "limit": 1}).json()["items"]
    assert read == [False, True]
    assert {(one.payload, one.encoding) for one in plain} == {(None, None)}
    assert (plain[0].size, plain[0].digest, plain[-1].size) == (MAX_PAYLOAD + 1, long.digest, 1)
    assert len(with_payload[0]["payload"]) == MAX_PAYLOAD


def test_a_page_with_payloads_is_short(api, monkeypatch):
    monkeypatch.setattr("api.messages.routes.MAX_WITH_PAYLOAD", 2)
    with api.client("admin") as admin:
        page = admin.get("/v1/dead-letters", params={"payload": True, "limit": 1000}).json()
        assert len(page["items"]) == 2
        assert len(admin.get("/v1/dead-letters", params={"cursor": page["next"]}).json()["items"]) == 4


def test_what_was_mended_is_replayed_once(api):
    api.store.append(batch_of([], range(0)), [dead_letter(7, TOPICS["zenata"], payload=GOOD)])
    with api.client("admin") as admin, api.client() as pilot:
        assert pilot.post("/v1/dead-letters/replay").status_code == 403
        before = admin.get("/v1/ledger").json()["items"][0]
        assert admin.post("/v1/dead-letters/replay").json() == {"mended": 1, "dead": 6}
        assert admin.post("/v1/dead-letters/replay").json() == {"mended": 0, "dead": 6}
        after = admin.get("/v1/ledger").json()["items"][0]
        assert (after["stored"], after["rejected"]) == (before["stored"] + 1, before["rejected"] - 1)
        newest = pilot.get(
            "/v1/readings?sensor=air-0001&property=pm25&start=2025-12-31T23:00:00Z&end=2026-01-02T00:00:00Z"
        )
        assert newest.json()["items"][0]["seq"] == 9


def test_the_metrics_tell_the_ledger(api):
    with api.client("engineer") as engineer:
        text = engineer.get("/metrics").text
    assert 'zenata_ledger_messages{fate="missing",world="w-own"} 4.0' in text
    assert 'zenata_ledger_messages{fate="in_flight",world="w-own"} 7.0' in text
