"""A trial at two servers of the API by turns, its world on a host of a cluster: from its start to report and receipt."""

from contextlib import ExitStack

import httpx
import pytest

from sandbox.init import first_keys
from sandbox.settings import Settings
from tests.system.cluster import TIMEOUT, cluster, process
from tests.system.running import ZENATA
from tests.system.test_several_apis import alternating, answers, closing_engine, done, serving
from tests.waiting import wait_until
from tests.zenata.broker.running import HOST
from tests.zenata.control.databases import running_postgres
from tests.zenata.store.influxd import running as running_influxd
from zenata.process.ports import free_ports
from zenata.trials.receipt import read_receipt
from zenata.trials.registry import CHALLENGES

pytestmark = pytest.mark.soak

CHALLENGE = CHALLENGES["street-lighting"]  # of the fewest steps but one, and scored by commands


def test_a_trial_goes_from_its_start_to_report_and_receipt(tmp_path):
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        influx = stack.enter_context(running_influxd(tmp_path / "influx"))
        servers = stack.enter_context(cluster(tmp_path))
        with closing_engine(Settings(data_dir=tmp_path, control_url=postgres)) as register:
            first_keys(register, tmp_path)
        store = f"influxdb://{HOST}:{influx.port}/city"
        common = ("--city", "zenata", "--store", store, "--join", servers.join)  # whose sensors challenges name
        host = ("--data-dir", tmp_path / "host", "--broker", servers.url("simulators"), *common)
        stack.enter_context(process(tmp_path / "host.log", *ZENATA, "simulate", *host))
        options = ("--broker", servers.url("ingest"), "--control-url", postgres, *common)
        ports = free_ports(HOST, {"first": 0, "second": 0})
        for name, port in ports.items():
            stack.enter_context(serving(tmp_path / name, port, *options))
        urls = [f"http://{HOST}:{port}" for port in ports.values()]
        for one in urls:
            wait_until(lambda one=one: answers(one), f"{one} is ready", TIMEOUT)

        def client(base: str, key: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {key}"}
            return stack.enter_context(httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False))

        proxy = stack.enter_context(alternating(list(ports.values())))
        admin = client(proxy, (tmp_path / "admin.key").read_text().strip())
        key = done(admin.post("/v1/pilots", json={"name": "aqua"}))["issued"]["key"]
        pilot = client(proxy, key)
        lamp = done(pilot.get("/v1/sensors", params={"kind": "streetlight", "limit": 1}))["items"][0]["id"]

        trial = done(pilot.post("/v1/trials", json={"challenge": CHALLENGE.name, "seeds": [1]}))
        for number in range(1, CHALLENGE.steps + 2):
            commands = [{"sensor": lamp, "set": {"dim": 0.5}}] if number == CHALLENGE.first + 2 else []
            made = done(pilot.post(trial["step_url"], json={"seed": 1, "step": number, "commands": commands}))
            assert made["seed_over"] == (number > CHALLENGE.steps)
        path = f"/v1/trials/{trial['trial']}"
        wait_until(lambda: done(pilot.get(path))["phase"] in ("done", "failed"), "the trial is over", TIMEOUT)

        each = [client(one, key) for one in urls]
        assert [done(one.get(path))["phase"] for one in each] == ["done", "done"]
        assert done(each[0].get(path))["results"] == done(each[1].get(path))["results"]
        assert done(each[0].get(path))["results"][0]["commands"] == 1
        receipts = [one.get(f"{path}/receipt").content for one in each]
        assert receipts[0] == receipts[1]
        assert read_receipt(receipts[0]).evidence
        reports = [one.get(f"{path}/report", params={"format": "json"}) for one in each]
        assert done(reports[0]) == done(reports[1])
