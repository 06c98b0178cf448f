"""`zenata up`: the whole city on one machine, under one supervisor."""

import fcntl
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

from sandbox.broker_failures import BrokerFailures, LossWatch
from sandbox.broker_guard import BrokerGuard
from sandbox.broker_users import EmbeddedUsers
from sandbox.init import FIRST, PILOT, first_keys, open_control_data, open_register, read_key
from sandbox.parts import AWAITED_FILE, city_of, moment
from sandbox.running import BANNER_KINDS, RunFile, Running, banner
from sandbox.screen import Say
from sandbox.settings import Settings
from zenata.broker.base import MONITOR, SWEEPER, wait_ready
from zenata.broker.keeper import Keeper
from zenata.broker.monitor import BrokerMonitor
from zenata.broker.nats import MonitorPort, Nats
from zenata.broker.received import Received
from zenata.city.clock import SECOND, format_time
from zenata.control.audit import Audit
from zenata.control.register import Register
from zenata.errors import BrokerError, CityError, SetupError
from zenata.process.ports import free_ports
from zenata.process.signals import process_exists, stop_on_signal
from zenata.process.supervisor import Process, Program, Supervisor, execute
from zenata.process.template import Template, fork_on_request
from zenata.process.tls import Certificate, Trust
from zenata.wire.address import Address, parse_url
from zenata.worlds.folders import WorldFolders

_ZENATA = (sys.executable, "-P", "-m", "sandbox")
_TEMPLATE = (*_ZENATA, "template", "service")  # see `become_service`

_START_UP = 60.0  # the longest the city may take to come alive [s]
_ANSWER = 2.0  # the longest a broker elsewhere may take to answer [s]
_EXIT_TIMEOUT = 20.0  # the longest the services of a killed supervisor may take to end [s]
_LOOK = 0.05  # pause between two looks at what is starting [s]
_LOOPBACK = "127.0.0.1"  # where NATS speaks its own protocol, whatever --host is
_NICE = 5  # of what is in no hurry
_WATCH = 0.3  # pause between two looks at what is running [s]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Where everything will answer, and by which programs."""

    where: Running
    programs: tuple[Program, ...]
    key: str | None
    """One that may ask for readings, if there still is one in a file."""
    access: EmbeddedUsers | None
    monitor: BrokerMonitor | None
    """To the embedded broker, if that is used. The API follows the pilots at one that is given."""
    keeper: Keeper | None
    """The same broker's."""
    sweeper: Address | None
    """The embedded broker, with the user that may remove what pilots have retained."""
    certificate: Certificate | None


def up(settings: Settings, say: Say, run: Callable[[], object]) -> None:
    """Run the city until SIGINT or SIGTERM. `run` reads a command line as `zenata` does: services are forks that run theirs.

    Raises
    ------
    SetupError
        If it cannot start, or one of its processes cannot be kept running.
    """
    moment("--start", settings.start)  # before anything is made or started: the simulators would refuse it later
    services = Template(_TEMPLATE, {}, settings.data_dir / "logs" / "services.log", say)
    if services.fork_here():  # before there is any thread
        become_service(run, settings.city)
        sys.exit()
    stop = stop_on_signal()
    with _only_one(settings), ExitStack() as stack:
        stack.callback(services.close)
        began = time.monotonic()
        register = open_register(settings)
        first_keys(register, settings.data_dir)
        plan = _plan(settings, register)
        supervisor = Supervisor(logs=settings.data_dir / "logs", say=say, launch=partial(_launch, services))
        _clean_up_after_kill(settings)
        stack.callback(settings.run_file.unlink, missing_ok=True)
        stack.enter_context(supervisor)
        stack.callback(say, "stopping ...")
        failures = None
        if plan.access:  # else the broker is somebody else's to start again
            failures = BrokerFailures(settings.data_dir / "logs" / "broker.log", settings.data_dir / "broker")
        guard, run_file = _guard(settings, plan, register, failures), RunFile(settings.run_file, plan.where, say)
        for program in plan.programs:
            supervisor.start(program)
        if _come_alive(settings, plan, partial(_look_after, supervisor, failures), guard, stop, say):
            ready = time.monotonic() - began
            if history := _history(settings):
                supervisor.start(history)
            if plan.access:
                stack.enter_context(plan.access)
            if guard:
                stack.enter_context(guard)
            say(f"ready in {ready:.1f} s\n{banner(settings, plan.where, plan.certificate, register)}")
            if history:
                say("the days before are being filled in behind; it says here when they are there ...")
            run_file.write(supervisor.pids)  # it comes last: whoever waits for it may read the banner
        while not stop.wait(_WATCH):
            _look_after(supervisor, failures)
            _keep_up(plan, supervisor, run_file)


def become_service(run: Callable[[], object], city: str = "") -> None:
    """Wait as a template with what the services need imported, and the city read if it is known; become one of them in each fork."""
    from sandbox import backfill, ingest, serve, simulate  # noqa: F401 - here alone: they load a thousand modules

    if city:
        with suppress(CityError):  # for the services to report
            city_of(city)
    fork_on_request()
    sys.argv = ["zenata", *sys.argv[len(_ZENATA) :]]
    run()


def _launch(services: Template, program: Program, log: Path) -> Process:
    """Start the broker, which is no program of ours, or fork a service."""
    ours = program.args[: len(_ZENATA)] == _ZENATA
    return services.launch(program, log) if ours else execute(program, log)


def _look_after(supervisor: Supervisor, failures: BrokerFailures | None) -> None:
    """Restart what has died, and a broker that only a restart mends."""
    supervisor.check()
    if failures and (reason := failures.restart_reason()):
        supervisor.restart("broker", reason)


def _keep_up(plan: Plan, supervisor: Supervisor, run_file: RunFile) -> None:
    """Keep run.json and the broker's users as they should be."""
    run_file.keep(supervisor.pids)
    if plan.access:
        if plan.access.renew():
            supervisor.signal("broker", signal.SIGHUP)
        plan.access.disconnect()


def _guard(settings: Settings, plan: Plan, register: Register, failures: BrokerFailures | None) -> BrokerGuard | None:
    """Return what watches the embedded broker, if that is used."""
    if failures is None or plan.access is None or plan.monitor is None or plan.keeper is None or plan.sweeper is None:
        return None
    guard = BrokerGuard(
        monitor=plan.monitor,
        keeper=plan.keeper,
        failures=failures,
        losses=LossWatch(settings.data_dir / "broker.count"),
        register=register,
        audit=Audit(open_control_data(settings)),
        connections=settings.connections,
        sweeper=plan.sweeper,
        owners=WorldFolders(settings.worlds_dir).owners,
        sessions=settings.data_dir / "broker" / "sessions.json",
        received=Received([plan.access.ports[name] for name in ("--mqtt-port", "--ws-port")]),
    )
    plan.access.excluded = lambda: guard.excluded
    return guard


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


def _clean_up_after_kill(settings: Settings) -> None:
    """Remove what a killed city left: its run.json, once its processes, which end with it, have let go of the data."""
    if (before := Running.read(settings.run_file)) is None:
        return
    pids = before.pids.values()
    deadline = time.monotonic() + _EXIT_TIMEOUT
    while any(map(process_exists, pids)) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    settings.run_file.unlink()


def _where(settings: Settings) -> str:
    """Return where a running city answers, as run.json says."""
    running = Running.read(settings.run_file)
    return f" at {running.http}" if running else ""


def _plan(settings: Settings, register: Register) -> Plan:
    if settings.join:
        raise SetupError("--join is for `zenata simulate` and `zenata serve`: `zenata up` is the city of one machine")
    if settings.broker_admin and settings.broker is None:
        raise SetupError("--broker-admin is for a broker given with --broker: the embedded one needs none")
    if not settings.is_embedded:
        from zenata.store import open_store  # here alone: it loads numpy, which takes a tenth of a second

        open_store(settings.store_url, settings.store_token).close()  # an error at the start is reported at once
    certificate = settings.certificate
    wanted = {"--http-port": settings.http_port}
    if settings.broker is None:
        wanted |= {"--mqtt-port": settings.mqtt_port, "--ws-port": settings.ws_port}
    ports = free_ports(settings.host, wanted)
    programs: list[Program] = []
    access, monitor, keeper, monitor_url, sweeper = None, None, None, "", None
    if settings.broker is None:
        secrets = {name: token_urlsafe(32) for name in ("simulators", "ingest", SWEEPER)}  # for this run alone
        monitor_port, monitor_url = _monitor_port()
        monitor, keeper = BrokerMonitor(monitor_url), Keeper(monitor_url)
        access = EmbeddedUsers(settings, register, secrets, ports, certificate, monitor_port, monitor)
        trust = Trust(certificate=access.certificate.cert) if access.certificate else Trust()
        address = Address(host=settings.host, port=ports["--mqtt-port"], tls=bool(certificate), trust=trust)
        sweeper = replace(address, username=SWEEPER, password=secrets[SWEEPER])
        mqtt, ws = str(address), f"{'wss' if certificate else 'ws'}://{settings.host}:{ports['--ws-port']}/mqtt"
        brokers = {name: mqtt.replace("://", f"://{name}:{quote(secret)}@", 1) for name, secret in secrets.items()}
        programs.append(access.program())
    else:
        address = parse_url(settings.broker)
        wait_ready(address.host, address.port, timeout=_ANSWER, tls=address.context())
        mqtt, ws = str(address), None
        brokers = dict.fromkeys(("simulators", "ingest"), settings.broker)

    def service(name: str, verb: str, broker: str, **secrets: str) -> Program:
        env = settings.environment(
            **{"broker_admin": "", "broker_monitor": ""} | secrets, broker=broker, http_port=ports["--http-port"]
        )
        env[AWAITED_FILE] = str(settings.subscribed_file().absolute())  # the simulators get ready meanwhile
        return Program(name=name, args=(*_ZENATA, verb), env=env)

    programs.append(
        service("api", "serve", brokers["ingest"], broker_admin=settings.broker_admin or "", broker_monitor=monitor_url)
    )
    if not settings.is_embedded:
        programs.append(service("ingest", "ingest", brokers["ingest"], broker_monitor=monitor_url))
    where = Running(
        http=f"{'https' if certificate else 'http'}://{settings.host}:{ports['--http-port']}",
        mqtt=mqtt,
        ws=ws,
        world=settings.world,
        certificate=str(certificate.cert) if certificate else None,
    )
    programs.append(service("simulators", "simulate", brokers["simulators"]))
    return Plan(
        where=where,
        programs=tuple(programs),
        key=_key(settings, register),
        access=access,
        monitor=monitor,
        keeper=keeper,
        sweeper=sweeper,
        certificate=certificate,
    )


def _monitor_port() -> tuple[MonitorPort, str]:
    """Return where the broker of this run answers its monitor, and the URL of that."""
    (port,) = free_ports(_LOOPBACK, {"the monitoring of the broker": 0}).values()
    secret = token_urlsafe(32)
    monitor = MonitorPort(port=port, password_hash=Nats().hash_password(secret))
    return monitor, f"nats://{MONITOR}:{secret}@{_LOOPBACK}:{port}"


def _key(settings: Settings, register: Register) -> str | None:
    """Return the first of the keys in files that is still good: they may have been revoked, or a pilot suspended."""
    for name in (PILOT, *FIRST):
        file = settings.data_dir / f"{name}.key"
        if file.exists() and register.authenticate(key := read_key(file)):
            return key
    return None


def _history(settings: Settings) -> Program | None:
    """Return what fills in the days before a live city, or goes on doing so; None when they are there, or not wanted."""
    recipe = _read(settings.world_dir / "world.json")
    before = _read(settings.world_dir / "backfill" / "request.json")
    if not settings.history_days or not recipe.get("live") or before.get("digest"):
        return None
    start = recipe["start"] - int(settings.history_days * 86_400 * SECOND)
    args = () if before else ("--start", format_time(start))
    command = (*_ZENATA, "backfill", *args)
    return Program(name="history", args=command, env=settings.environment(), nice=_NICE, once=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        about = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):  # what is damaged is for the simulators to name
        return {}
    return about if isinstance(about, dict) else {}


def _come_alive(
    settings: Settings,
    plan: Plan,
    look_after: Callable[[], None],
    guard: BrokerGuard | None,
    stop: threading.Event,
    say: Say,
) -> bool:
    """Wait for one part after the other, saying so; return whether all are there, or False when stopped."""
    where, queries = plan.where, [f"/v1/latest?kind={kind}" for kind in BANNER_KINDS if plan.key]
    steps: tuple[tuple[str, Callable[[], bool]], ...] = (
        (f"broker at {where.mqtt}", lambda: _answers_mqtt(where.mqtt)),
        ("ingest", settings.subscribed_file().exists),
        (f"api at {where.http}", lambda: _get(where, "/readyz") is not None),
        ("first readings", lambda: all((_get(where, path, plan.key or "") or {}).get("items") for path in queries)),
    )
    deadline = time.monotonic() + _START_UP
    for what, there in steps:
        say(f"{what} ...")
        while not there():
            if stop.wait(_LOOK):
                return False
            look_after()
            if time.monotonic() > deadline:
                raise SetupError(
                    f"{what}: not there after {_START_UP:.0f} s; see the logs in {settings.data_dir / 'logs'}"
                )
        if guard and what.startswith("broker"):
            with suppress(BrokerError):  # it looks again once all is there
                guard.look_for_losses()  # before anything new is published
    return not stop.is_set()


def _answers_mqtt(url: str) -> bool:
    address = parse_url(url)
    try:
        wait_ready(address.host, address.port, timeout=_LOOK, tls=address.context())
    except BrokerError:
        return False
    return True


def _get(where: Running, path: str, key: str = "") -> dict[str, Any] | None:
    """Return what the API answers, or None if it does not answer yet."""
    try:
        return where.ask(path, key=key)
    except (OSError, ValueError):
        return None
