"""`zenata up`: the whole city on one machine, under one supervisor."""

import fcntl
import json
import os
import shlex
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

from zenata.access import Access
from zenata.broker.base import wait_ready
from zenata.city.clock import SECOND, format_time
from zenata.errors import BrokerError, SetupError
from zenata.init import FIRST, PILOT, first_keys, open_register
from zenata.pilots.register import Register
from zenata.ports import free_ports
from zenata.settings import Settings
from zenata.signals import stop_on_signal
from zenata.supervisor import Program, Supervisor
from zenata.wire.address import parse_url

Say = Callable[[str], None]

_START_UP = 60.0  # the longest the city may take to come alive [s]
_ANSWER = 2.0  # the longest a broker that is said to run may take to answer [s]
_LAST_BREATH = 20.0  # the longest the services of a killed supervisor may take to end [s]
_LOOK = 0.05  # pause between two looks at what is starting [s]
_NICE = 10  # of what is in no hurry
_WATCH = 0.3  # pause between two looks at what is running [s]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Where everything will answer, and by which programs."""

    http: str
    mqtt: str
    ws: str | None
    programs: tuple[Program, ...]
    key: str | None
    """One that may ask for readings, if there still is one in a file."""
    access: Access | None
    """To the embedded broker, if that is used. The API follows the pilots at one that is given."""


def up(settings: Settings, say: Say) -> None:
    """Run the city until SIGINT or SIGTERM.

    Raises
    ------
    SetupError
        If it cannot start, or one of its processes cannot be kept running.
    """
    stop = stop_on_signal()
    with _only_one(settings), ExitStack() as stack:
        began = time.monotonic()
        register = open_register(settings)
        first_keys(register, settings.data_dir)
        plan = _plan(settings, register)
        supervisor = Supervisor(logs=settings.data_dir / "logs", say=say)
        _bury_the_dead(settings)
        stack.callback(settings.run_file.unlink, missing_ok=True)
        stack.enter_context(supervisor)
        stack.callback(say, "stopping ...")
        for program in plan.programs:
            supervisor.start(program)
        if _come_alive(settings, plan, supervisor, stop, say):
            supervisor.on_change = lambda: _write_run_file(settings, plan, supervisor.pids)
            ready = time.monotonic() - began
            if past := _past(settings):
                supervisor.start(past)
            supervisor.on_change()
            say(f"ready in {ready:.1f} s\n{_banner(settings, plan)}")
            if past:
                say("the days before are being filled in behind; it says here when they are there ...")
        while not stop.wait(_WATCH):
            supervisor.check()
            if plan.access and plan.access.renew():
                supervisor.signal("broker", signal.SIGHUP)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the data directory for ourselves."""
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise SetupError(
            f"the data directory {folder} cannot be written ({error.strerror}): mend its rights, "
            "or choose another with --data-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(
                f"the city in {folder} is running already{_where(settings)}; stop that one first, "
                "or choose another --data-dir (and --http-port 0 --mqtt-port 0 --ws-port 0)"
            ) from None
        yield


def _bury_the_dead(settings: Settings) -> None:
    """Remove what a killed city left: its run.json, once its processes, which end with it, have let go of the data."""
    try:
        pids = json.loads(settings.run_file.read_text())["pids"].values()
    except FileNotFoundError:
        return
    deadline = time.monotonic() + _LAST_BREATH
    while any(map(_exists, pids)) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    settings.run_file.unlink()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the number is another's by now
    return True


def _where(settings: Settings) -> str:
    """Return where a running city answers, as far as it has said so."""
    try:
        return f" at {json.loads(settings.run_file.read_text())['http']}"
    except (OSError, ValueError, KeyError):
        return ""


def _plan(settings: Settings, register: Register) -> Plan:
    if settings.broker_admin and settings.broker is None:
        raise SetupError("--broker-admin is for a broker given with --broker: the embedded one needs none")
    wanted = {"--http-port": settings.http_port}
    if settings.broker is None:
        wanted |= {"--mqtt-port": settings.mqtt_port, "--ws-port": settings.ws_port}
    ports = free_ports(settings.host, wanted)
    programs: list[Program] = []
    access = None
    if settings.broker is None:
        secrets = {name: token_urlsafe(32) for name in ("simulators", "ingest")}  # for this run alone
        mqtt, ws = f"mqtt://{settings.host}:{ports['--mqtt-port']}", f"ws://{settings.host}:{ports['--ws-port']}/mqtt"
        brokers = {name: f"mqtt://{name}:{quote(secrets[name])}@{mqtt.removeprefix('mqtt://')}" for name in secrets}
        access = Access(settings, register, secrets, ports)
        programs.append(access.program())
    else:
        address = parse_url(settings.broker)
        wait_ready(address.host, address.port, timeout=_ANSWER)
        mqtt, ws = str(address), None
        brokers = dict.fromkeys(("simulators", "ingest"), settings.broker)
    services = {"simulators": ("simulate", brokers["simulators"]), "api": ("serve", brokers["ingest"])}
    if not settings.is_embedded:
        services["ingest"] = ("ingest", brokers["ingest"])
    for name, (verb, broker) in services.items():
        administrator = settings.broker_admin if name == "api" else None
        env = settings.environment(broker=broker, broker_admin=administrator or "", http_port=ports["--http-port"])
        programs.append(Program(name=name, args=(sys.executable, "-m", "zenata", verb), env=env))
    http = f"http://{settings.host}:{ports['--http-port']}"
    key = _key(settings, register)
    return Plan(http=http, mqtt=mqtt, ws=ws, programs=tuple(programs), key=key, access=access)


def _key(settings: Settings, register: Register) -> str | None:
    """Return the first of the keys in files that is still good: they may have been revoked, or a pilot suspended."""
    for name in (PILOT, *FIRST):
        with suppress(OSError):
            key = (settings.data_dir / f"{name}.key").read_text().strip()
            if register.check(key):
                return key
    return None


def _past(settings: Settings) -> Program | None:
    """Return what fills in the days before a live city, or goes on doing so; None when they are there, or not wanted."""
    recipe = _read(settings.world_dir / "world.json")
    before = _read(settings.world_dir / "backfill" / "request.json")
    if not settings.history_days or not recipe.get("live") or before.get("digest"):
        return None
    start = recipe["start"] - int(settings.history_days * 86_400 * SECOND)
    args = () if before else ("--start", format_time(start))
    command = (sys.executable, "-m", "zenata", "backfill", *args)
    return Program(name="past", args=command, env=settings.environment(), nice=_NICE, once=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return about


def _come_alive(settings: Settings, plan: Plan, supervisor: Supervisor, stop: threading.Event, say: Say) -> bool:
    """Wait for one part after the other, saying so; return whether all are there, or False when told to stop."""
    latest = f"{plan.http}/v1/latest?kind=weather"
    steps: tuple[tuple[str, Callable[[], bool]], ...] = (
        (f"broker at {plan.mqtt}", lambda: _answers_mqtt(plan.mqtt)),
        (f"api at {plan.http}", lambda: _get(f"{plan.http}/readyz") is not None),
        ("first readings", lambda: plan.key is None or bool((_get(latest, plan.key) or {}).get("items"))),
    )
    deadline = time.monotonic() + _START_UP
    for what, there in steps:
        say(f"{what} ...")
        while not there():
            if stop.wait(_LOOK):
                return False
            supervisor.check()
            if time.monotonic() > deadline:
                raise SetupError(
                    f"{what}: not there after {_START_UP:.0f} s; see the logs in {settings.data_dir / 'logs'}"
                )
    return not stop.is_set()


def _answers_mqtt(url: str) -> bool:
    address = parse_url(url)
    try:
        wait_ready(address.host, address.port, timeout=_LOOK)
    except BrokerError:
        return False
    return True


def _get(url: str, key: str = "") -> dict[str, Any] | None:
    """Return the JSON object at a URL of ours, or None if it does not answer with one yet."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - our own http URL
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - our own http URL
            answer = json.load(response)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def _write_run_file(settings: Settings, plan: Plan, pids: dict[str, int]) -> None:
    partial = settings.run_file.with_suffix(".part")
    about = {
        "http": plan.http,
        "mqtt": plan.mqtt,
        "ws": plan.ws,
        "world": settings.world,
        "pids": {"supervisor": os.getpid(), **pids},
    }
    partial.write_text(json.dumps(about, indent=2) + "\n")
    partial.replace(settings.run_file)


def _users(settings: Settings) -> str:
    """Say who manages the users of the broker."""
    if settings.broker is None or settings.broker_admin:
        return "MQTT follows pilots, keys and worlds as they come and go"
    return "as the broker has them: pilots, keys and worlds are unknown to it (--broker-admin lets it follow them)"


def _banner(settings: Settings, plan: Plan) -> str:
    key_file = shlex.quote(str(settings.data_dir / f"{PILOT}.key"))
    key = f'"Authorization: Bearer $(cat {key_file})"'
    address = parse_url(plan.mqtt)
    listen = (
        f"mosquitto_sub -h {address.host} -p {address.port} -u {PILOT} "
        f"-P \"$(cat {key_file})\" -t '{settings.world}/telemetry/#' -v"
    )
    return f"""
  The city is alive: world "{settings.world}"

    HTTP       {plan.http}  (try it at {plan.http}/docs)
    MQTT       {plan.mqtt}  (user {PILOT}, the key is the password)
    WebSocket  {plan.ws or "as the broker has it"}
    users      {_users(settings)}
    keys       {settings.data_dir / f"{PILOT}.key"} for a pilot, {settings.data_dir / "admin.key"} for SAZ

  Three calls to copy:

    curl -H {key} "{plan.http}/v1/latest?kind=air"
    curl -H {key} "{plan.http}/v1/readings?kind=weather&property=temperature&every=1m&agg=mean,max"
    curl -N -H {key} "{plan.http}/v1/stream?kind=traffic"

  and over MQTT:

    {listen}

  Ctrl-C stops everything; the data stay in {settings.data_dir}.
"""
