"""Three NATS servers with certificates, a host and an API that join by TLS: a server is killed, and a world goes on."""

import pytest

from tests.system.cluster import START, TIMEOUT, ask, cluster, joined, stored
from tests.waiting import wait_until

pytestmark = pytest.mark.soak

STEPS = 10


def test_a_world_of_a_cluster_with_certificates_goes_on_without_one_of_its_servers(tmp_path, authority):
    with cluster(tmp_path, authority) as servers, joined(tmp_path, servers, 1) as (api, _):
        body = {"seed": 1, "start": START, "kinds": ["streetlight"], "state": "paused"}
        world = ask(api, "POST", "/v1/worlds", json=body).json()["world"]
        times = []
        for step in range(STEPS):
            if step == STEPS // 2:
                servers.nodes[0].kill()  # the first that hosts, API and MQTT clients try
                servers.nodes[0].wait()
            times.append(ask(api, "POST", f"/v1/worlds/{world}/advance", json={"steps": 1}).json()["time"])
        assert len(set(times)) == STEPS
        messages = ask(api, "GET", f"/v1/worlds/{world}").json()["messages"]
        assert messages > 0
        wait_until(lambda: stored(api, world) == (messages, 0), "all that the world has published is stored", TIMEOUT)
        assert [server.poll() for server in servers.nodes[1:]] == [None, None]
