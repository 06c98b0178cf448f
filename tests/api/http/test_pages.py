"""Lists that grow with what a pilot does come in pages, each item once, though others come meanwhile."""

import time
from collections.abc import Callable

import pytest

from api.pilots.alerts import Finding
from tests.api.documents import pages
from tests.api.running import Api
from zenata.contract.trials import NewTrial

LISTS = ("/v1/trials", "/v1/alerts", "/v1/keys", "/v1/pilots/test-pilot/keys")


def finding(number: int) -> Finding:
    return Finding(pilot="test-pilot", kind="failed", detail=f"{number}", subject=f"{number}")


def key(api: Api, _: int) -> None:
    api.context.register.issue("test-pilot", name=f"k{time.monotonic_ns()}", by="test")


def trial(api: Api, number: int) -> None:
    begun = api.context.trials.register.begin("test-pilot", NewTrial(challenge="air-alert", seeds=[number]))
    api.context.trials.register.change(begun.id, phase="done")


def names(page: dict) -> list[str]:
    return [item.get("trial") or item.get("id") or item["name"] for item in page["items"]]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_comes_in_pages_newest_first(api: Api, path: str) -> None:
    make: dict[str, Callable[[Api, int], object]] = {LISTS[0]: trial, LISTS[2]: key, LISTS[3]: key}
    numbers = range(5)
    if path == "/v1/alerts":
        api.context.alerts.take([finding(number) for number in numbers])
    for number in numbers if path in make else ():
        make[path](api, number)
    params = {"start": "-1d"} if path == "/v1/alerts" else {}
    with api.client("admin") as admin:
        whole = names(admin.get(path, params=params).json())
        assert len(whole) >= 5
        found = list[str]()
        for page in pages(admin, path, limit=2, **params):
            assert len(page["items"]) <= 2
            found += names(page)
            if path in make and len(found) == 2:
                make[path](api, 9)  # it comes first, and moves the others back
        assert found == whole
        wrong = admin.get(path, params=params | {"cursor": "nonsense"})
        assert (wrong.status_code, wrong.json()["parameter"]) == (422, "cursor")
        assert admin.get(path, params={"limit": 1001}).status_code == 422
