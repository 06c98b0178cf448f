"""A real InfluxDB 1.x on loopback, as Debian has it."""

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zenata.process.ports import free_ports

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
