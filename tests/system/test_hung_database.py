"""Control data on a server that has stopped answering, and closes no connection: as on a machine that stands."""

import httpx
import pytest

from tests.client.proxy import proxy_to
from tests.system.cluster import process
from tests.system.running import SMALL, ZENATA
from tests.waiting import wait_until
from tests.zenata.control.databases import HOST, running_postgres
from zenata.process.ports import free_ports


@pytest.mark.soak
def test_an_api_ends_while_its_database_hangs(tmp_path):
    port, log = free_ports(HOST, {"http": 0})["http"], tmp_path / "serve.log"
    with running_postgres() as url, proxy_to(url) as proxy:
        through = url.replace(url.rpartition("@")[2], f"{proxy.url.removeprefix('http://')}/postgres")
        options = ("--data-dir", tmp_path / "data", "--http-port", port, "--control-url", through)
        with process(log, *ZENATA, "serve", *SMALL, *options) as serving:
            address = f"http://{HOST}:{port}/healthz"
            wait_until(lambda: "200" in _answer(address), "the API answers")
            proxy.holds = True
            wait_until(lambda: proxy.held, "the API waits for the database")
            serving.terminate()
            assert serving.wait(60) == 1
    assert "ended 9 s after it was asked to stop, while these threads still waited: " in log.read_text()


def _answer(address: str) -> str:
    try:
        return str(httpx.get(address, trust_env=False).status_code)
    except httpx.TransportError as error:
        return str(error)
