"""A real InfluxDB 1.x on loopback, as Debian has it."""

import os
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.settings import Settings
from zenata.process.ports import free_ports

OTHER = "ZENATA_TEST_INFLUX_URL"
"""Names an InfluxDB 2 or 3 to run tests against as well: influxdb://host:8086/?org=ORG, its token as for the city."""

_RUN = secrets.token_hex(4)

CONFIG = """
reporting-enabled = false
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
[logging]
level = "error"
"""


class Influxd:
    """A server that can be killed and started again, with what it has kept in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        ports = free_ports("127.0.0.1", {"rpc": 0, "http": 0})
        self.port = ports["http"]
        self._config = folder / "influxdb.conf"
        self._config.write_text(CONFIG.format(folder=folder, **ports))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [shutil.which("influxd") or "/usr/bin/influxd", "-config", self._config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        given_up = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=5):
                    return
            except OSError:
                if time.monotonic() > given_up or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Return its process id, while it runs."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(folder: Path) -> Iterator[Influxd]:
    """Run a server while inside."""
    server = Influxd(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def other_url(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the URL of a database that only this run of the tests has, on the server that `OTHER` names, if it does."""
    if not environment.get(OTHER):
        return None
    return urlsplit(environment[OTHER])._replace(path=f"/zenata-test-{_RUN}-{name}").geturl()


def token_of(url: str) -> str | None:
    """Return the token for a URL: that of the city for the server that `OTHER` names, none for ours."""
    return Settings().store_token if f"/zenata-test-{_RUN}-" in url else None


@contextmanager
def influx_url(folder: Path, name: str) -> Iterator[str]:
    """Have a database on the server that `OTHER` names, or else on one that runs while inside; yield its URL."""
    if url := other_url(name):
        yield url
        return
    with running(folder) as server:
        yield f"influxdb://127.0.0.1:{server.port}/{name}"
