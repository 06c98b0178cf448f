"""Telegraf: reads a session of the broker and writes to InfluxDB 1, as it is usually set up, acknowledging what is stored."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from zenata.wire.address import Address

PROGRAM = shutil.which("telegraf")
"""Where Telegraf is; None if it is not installed."""

_CONFIG = """
[agent]
  flush_interval = "200ms"
  flush_jitter = "0s"
  metric_batch_size = 1000
  metric_buffer_limit = 200000
  omit_hostname = true

[[inputs.mqtt_consumer]]
  servers = ["tcp://{address.host}:{address.port}"]
  topics = {topics}
  username = "{address.username}"
  password = "{address.password}"
  client_id = "{client}"
  persistent_session = true
  qos = 1
  max_undelivered_messages = 100000
  topic_tag = ""
  data_format = "json"
  name_override = "reading"
  tag_keys = ["bn", "n", "u"]
  json_time_key = "bt"
  json_time_format = "unix"

[[outputs.influxdb]]
  urls = ["http://127.0.0.1:{influxd}"]
  database = "telegraf"
"""


@contextmanager
def running(folder: Path, address: Address, client: str, topics: Sequence[str], influxd: int) -> Iterator[int]:
    """Run it while inside, on the session of `client`; yield its process id once it has connected.

    Parameters
    ----------
    folder : Path
        For its configuration and log.
    address : Address
        Of the broker, with the user.
    client : str
        The MQTT client id, whose session is kept.
    topics : sequence of str
        Filters, those of the session.
    influxd : int
        Port of InfluxDB on loopback.
    """
    if PROGRAM is None:
        raise RuntimeError("telegraf is not on the PATH")
    config = folder / "telegraf.conf"
    quoted = "[" + ", ".join(f'"{topic}"' for topic in topics) + "]"
    config.write_text(_CONFIG.format(address=address, client=client, topics=quoted, influxd=influxd))
    log = folder / "telegraf.log"
    with log.open("wb") as output:
        process = subprocess.Popen([PROGRAM, "--config", config], stdout=output, stderr=output)
        try:
            while b"Connected" not in log.read_bytes():
                if process.poll() is not None:
                    raise RuntimeError(log.read_text())
                time.sleep(0.005)
            yield process.pid
        finally:
            process.kill()
            process.wait()
