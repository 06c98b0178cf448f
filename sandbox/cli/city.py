"""Commands about the running city: its page, status, hosts, stop and dead letters."""

import os
import signal
import time
import webbrowser
from contextlib import closing, suppress
from datetime import UTC, datetime

import msgspec

from sandbox.init import open_register
from sandbox.running import Running, ask, find, login_address, reason_not_ready
from sandbox.screen import Say, table
from sandbox.settings import Settings
from zenata.city.clock import format_time
from zenata.contract.hosts import Host
from zenata.control.pilot import PilotError
from zenata.errors import ControlError, SetupError
from zenata.process.signals import process_exists

_STOP = 60.0  # how long a city may take to stop [s]
_LOOK = 0.1  # between two looks at whether it has [s]
_SHOWN = 100  # dead letters


def open_page(settings: Settings, pilot: str, say: Say, *, browser: bool) -> None:
    """Show a link that logs a browser in as a pilot, once, and open it.

    Raises
    ------
    SetupError
        If no city is running, or there is no such pilot that may log in.
    """
    running = find(settings)
    try:
        address = login_address(running.http, open_register(settings), pilot)
    except PilotError as error:
        raise SetupError(f"{error}; `zenata pilot list` shows the pilots") from error
    say(address)
    if browser:
        webbrowser.open(address)


def status(settings: Settings, say: Say) -> bool:
    """Show whether a city runs, where it answers and how it is; return whether all is well."""
    running = find(settings)
    ready = reason_not_ready(running)
    lines = {
        "world": running.world,
        "HTTP": running.http,
        "MQTT": running.mqtt or "-",
        "WebSocket": running.ws or "-",
        "data": str(settings.data_dir.absolute()),
        **{f"process {name}": str(pid) for name, pid in running.pids.items()},
        "ready": ready or "yes",
    }
    with suppress(SetupError):
        for world in ask(settings, "/v1/worlds")["items"]:
            lines[f"world {world['world']}"] = f"{world['state']} at {world['time']}, speed {world['speed']}"
    for name, value in lines.items():
        say(f"{name:20} {value}")
    return not ready


def show_hosts(
    settings: Settings,
    say: Say,
    *,
    drain: str | None = None,
    resume: str | None = None,
    move: tuple[str, str] | None = None,
) -> None:
    """Show the hosts of worlds: by the API of the running city, or by the cluster itself.

    Parameters
    ----------
    settings : Settings
    say : callable
    drain, resume : str, optional
        A host that is to give its worlds up to others, and one that is to take worlds again.
    move : tuple of str and str, optional
        A world, and the host that it is to move to.

    Raises
    ------
    SetupError
        If there is no such host or world, or no cluster is named.
    """
    if settings.join:
        from zenata.worlds.bucket import Bucket  # here alone: it loads the client of NATS
        from zenata.worlds.cluster import WorldCluster

        with closing(WorldCluster(Bucket(settings.join))) as index:
            try:
                for name, drained in ((drain, True), (resume, False)):
                    if name is not None:
                        index.drain(name, drained=drained)
                if move is not None:
                    index.move(*move)
            except ControlError as error:
                raise SetupError(str(error)) from None
            found = index.hosts()
    elif drain or resume or move:
        raise SetupError("which cluster? Say --join nats://..., as the hosts do")
    else:
        found = msgspec.convert(ask(settings, "/v1/hosts")["items"], list[Host])
    rows = []
    for host in found:
        ago = max((datetime.now(UTC) - host.seen).total_seconds(), 0.0)
        about = f"{host.since:%Y-%m-%dT%H:%M:%SZ}", f"{ago:.0f} s ago", str(host.cores), f"{host.load:.0%}"
        rows.append((host.name, *about, f"{len(host.worlds)}: {', '.join(host.worlds) or '-'}"))
    table(("HOST", "SINCE", "LAST SEEN", "CORES", "LOAD", "WORLDS"), rows, say)


def stop(settings: Settings, say: Say) -> None:
    """Stop the running city, and return once it has stopped.

    Raises
    ------
    SetupError
        If none is running, or it does not stop in time.
    """
    running = find(settings)
    pid = running.pids["supervisor"]
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP
    while process_exists(pid):
        if time.monotonic() > deadline:
            raise SetupError(f"process {pid} has not stopped after {_STOP:.0f} s; see {settings.data_dir / 'logs'}")
        time.sleep(_LOOK)
    say(f"the city at {running.http} has stopped")


def show_dead_letters(settings: Settings, say: Say) -> None:
    """Show the newest dead letters: of the running city by its API, else of its store."""
    if (running := Running.read(settings.run_file)) is not None and running.is_alive:
        found = ask(settings, f"/v1/dead-letters?limit={_SHOWN}")["items"]
    else:
        found = _stored_dead_letters(settings)
    if not found:
        say("there are no dead letters")
        return
    rows = ((one["received"], one["code"], f"{one['topic']}\n    {one['reason']}") for one in found)
    table(("RECEIVED", "CODE", "TOPIC, AND WHAT IS WRONG"), rows, say)


def replay_dead_letters(settings: Settings, say: Say) -> None:
    """Decode all dead letters of the running city again, and show how many are readings now."""
    result = ask(settings, "/v1/dead-letters/replay", "POST")
    say(f"{result['mended']} are readings now, {result['dead']} are still dead")


def _stored_dead_letters(settings: Settings) -> list[dict[str, str]]:
    if settings.is_embedded and settings.store is None and not (settings.data_dir / "readings.duckdb").exists():
        raise SetupError(f"no city here: {settings.data_dir.absolute()} has no readings; use --data-dir")
    from zenata.store import open_store  # here alone: other commands start faster without the store

    store = open_store(settings.store_url, settings.store_token)
    try:
        return [
            {"received": format_time(one.received), "code": one.code, "topic": one.topic, "reason": one.reason}
            for one in store.dead_letters(limit=_SHOWN)
        ]
    finally:
        store.close()
