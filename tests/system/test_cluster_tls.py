"""Three NATS servers with certificates, a host and an API that join by TLS: a server is killed, and a world goes on."""

from contextlib import ExitStack

import httpx
import pytest

from sandbox.init import first_keys, open_register
from sandbox.settings import Settings
from tests.system.running import ZENATA
from tests.system.test_hosts import HOST, START, TIMEOUT, answers, ask, nodes, process, stored, url
from tests.waiting import wait_until
from zenata.process.ports import free_ports

pytestmark = pytest.mark.soak

STEPS = 10


def test_a_world_of_a_cluster_with_certificates_goes_on_without_one_of_its_servers(tmp_path, authority):
    with ExitStack() as stack:
        servers, mqtt, join = nodes(stack, tmp_path, authority)
        (port,) = free_ports(HOST, {"http": 0}).values()
        api_folder, host_folder = tmp_path / "api", tmp_path / "host"
        first_keys(open_register(Settings(data_dir=api_folder)), api_folder)
        common = ("--city", "valdeira", "--join", join)
        broker = ("--broker", url("ingest", mqtt, authority))
        options = ("--data-dir", api_folder, "--http-port", port, *broker)
        stack.enter_context(process(stack, tmp_path / "api.log", *ZENATA, "serve", *common, *options))
        options = ("--data-dir", host_folder, "--broker", url("simulators", mqtt, authority), "--start", START)
        stack.enter_context(process(stack, tmp_path / "host.log", *ZENATA, "simulate", *common, *options))
        headers = {"Authorization": f"Bearer {(api_folder / 'admin.key').read_text().strip()}"}
        api = stack.enter_context(
            httpx.Client(base_url=f"http://{HOST}:{port}", headers=headers, timeout=60, trust_env=False)
        )
        wait_until(lambda: answers(api, "/v1/worlds/zenata"), "the shared city runs", TIMEOUT)
        body = {"seed": 1, "start": START, "kinds": ["streetlight"], "state": "paused"}
        world = ask(api, "POST", "/v1/worlds", json=body).json()["world"]
        times = []
        for step in range(STEPS):
            if step == STEPS // 2:
                servers[0].kill()  # the first that hosts, API and MQTT clients try
                servers[0].wait()
            times.append(ask(api, "POST", f"/v1/worlds/{world}/advance", json={"steps": 1}).json()["time"])
        assert len(set(times)) == STEPS
        messages = ask(api, "GET", f"/v1/worlds/{world}").json()["messages"]
        assert messages > 0
        wait_until(lambda: stored(api, world) == (messages, 0), "all that the world has published is stored", TIMEOUT)
        assert [server.poll() for server in servers[1:]] == [None, None]
