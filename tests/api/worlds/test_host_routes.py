from tests.api.documents import conforming
from tests.api.simulators import Simulators, running_with
from zenata.contract.base import Page
from zenata.contract.hosts import Host


def test_the_machine_that_runs_worlds_is_listed(tmp_path):
    with running_with(Simulators(), tmp_path) as api, api.client("engineer") as client:
        (host,) = conforming(client.get("/v1/hosts").json(), Page[Host]).items
    assert host.cores >= 1
    assert 0 <= host.load <= 1
    assert {"zenata", "w-own"} <= set(host.worlds)
    assert host.since <= host.seen
