"""What `zenata pilot` and `zenata key` do: change the control data, whether the city runs or not.

A running city sees it within a second. A Mosquitto elsewhere takes keys only in clear, so it gets them at once, by
whoever has the key: give ``--broker-admin`` here too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from sandbox.init import FIRST, SHELL, keep_key, open_control_data, open_register
from sandbox.running import ask
from sandbox.screen import Say, table
from sandbox.settings import Settings
from zenata.city.clock import WallClock, format_time, parse_moment
from zenata.control.budget import Budget
from zenata.control.checks import check_key
from zenata.control.keys import ALL, MAIN, Key, Role, Scope
from zenata.control.pilot import Pilot
from zenata.control.register import Register
from zenata.errors import SetupError

_HEADINGS = ("NAME", "ROLE", "STATE", "LAST SEEN", "CONN", "QUOTA", "THEME", "EDITION", "BUDGET LEFT", "CONTACT")
_KEY_HEADINGS = ("KEY", "STATE", "NAME", "SCOPES", "UNTIL")


def about(
    *,
    contact: str | None,
    theme: str | None,
    edition: str | None,
    quotas: Sequence[str] | None,
    actuators: Sequence[str] | None,
) -> dict[str, Any]:
    """Return the members of a pilot that options give.

    Raises
    ------
    SetupError
        If a quota is not written as ``name=number``.
    """
    options = {
        "contact": contact,
        "theme": theme,
        "edition": edition,
        "quotas": None if quotas is None else dict(_quota(text) for text in quotas),
        "actuators": None if actuators is None else list(actuators),
    }
    return {member: value for member, value in options.items() if value is not None}


def add(
    settings: Settings,
    name: str,
    *,
    role: Role,
    about: dict[str, Any],
    scopes: Sequence[Scope] | None,
    expires: str | None,
) -> str:
    """Make a pilot, and return its first key."""
    _check_actuators(settings, about)
    wanted = _scopes(scopes), _moment(expires)
    check_key(MAIN, *wanted, WallClock().now())  # before the pilot is made
    with changing(settings) as register:
        register.add(name, role=role, by=SHELL, **about)
        return _issued(settings, name, MAIN, register.issue(name, scopes=wanted[0], expires=wanted[1], by=SHELL))


def change(settings: Settings, name: str, about: dict[str, Any]) -> None:
    """Change members of a pilot."""
    _check_actuators(settings, about)
    with changing(settings) as register:
        register.change(name, by=SHELL, **about)


def grant(settings: Settings, name: str, amount: str, note: str, day: str | None) -> str:
    """Enter a grant, and return what is left [DH]."""
    try:
        dirhams = Decimal(amount)
    except InvalidOperation:
        raise SetupError(f"{amount!r} is no amount: write it like 50000 or 1200.50") from None
    with _open(settings) as (_, budget):
        budget.enter(name, dirhams, day=day or datetime.now(UTC).date().isoformat(), note=note, by=SHELL)
        return _dirhams(sum(entry.centimes for entry in budget.entries(name)))


def issue(settings: Settings, pilot: str, name: str, *, scopes: Sequence[Scope] | None, expires: str | None) -> str:
    """Return another key of a pilot."""
    moment = _moment(expires)
    with changing(settings) as register:
        return _issued(
            settings, pilot, name, register.issue(pilot, name=name, scopes=_scopes(scopes), expires=moment, by=SHELL)
        )


def rotate(settings: Settings, pilot: str, name: str) -> str:
    """Replace a key, and return the new one."""
    with changing(settings) as register:
        return _issued(settings, pilot, name, register.rotate(pilot, name, by=SHELL))


def list_pilots(settings: Settings, say: Say, **wanted: str | bool | None) -> None:
    """Show pilots, a line each: those whose members are as wanted, where that is not None.

    What they do at the moment is known of a running city alone.
    """
    with _open(settings) as (register, budget):
        pilots = [one for one in register.pilots() if _is_wanted(one, wanted)]
        left = {one.name: sum(entry.centimes for entry in budget.entries(one.name)) for one in pilots}
    if not pilots:
        say("there are no such pilots: `zenata up` makes the first, `zenata pilot add` others")
        return
    rows = []
    for pilot in pilots:
        state = "suspended" if pilot.suspended is not None else "active"
        about = (pilot.theme or "-", pilot.edition or "-", f"{_dirhams(left[pilot.name])} DH")
        rows.append((pilot.name, pilot.role, state, *_activity(settings, pilot.name), *about, pilot.contact or "-"))
    table(_HEADINGS, rows, say)


def _is_wanted(pilot: Pilot, wanted: dict[str, str | bool | None]) -> bool:
    about = {
        "role": pilot.role,
        "theme": pilot.theme,
        "edition": pilot.edition,
        "suspended": pilot.suspended is not None,
    }
    return all(about[name] == value for name, value in wanted.items() if value is not None)


def _activity(settings: Settings, pilot: str) -> tuple[str, str, str]:
    """Return when a pilot was last seen, how many connections it has, and its quota nearest to its limit."""
    try:
        seen = ask(settings, f"/v1/pilots/{pilot}/activity")
    except SetupError:  # no city is running, or it is starting
        return "-", "-", "-"
    last = max(filter(None, (seen["requests"]["last"], seen["devices"]["last"])), default="-")
    connections = str(seen["sockets"] + len(seen["mqtt"] or ()))
    nearest = max(seen["quotas"], key=lambda quota: quota["used"] / (quota["limit"] or 1))
    return last, connections, f"{nearest['name']} {nearest['used'] / (nearest['limit'] or 1):.0%}"


def show_pilot(settings: Settings, name: str, say: Say) -> None:
    """Show all of one pilot."""
    with _open(settings) as (register, budget):
        pilot, keys = register.pilot(name), register.keys(name)
        quotas, entries = register.quotas(name), budget.entries(name)
    since = "" if pilot.suspended is None else f"{format_time(pilot.suspended)} ({pilot.reason})"
    values = {
        "name": name,
        "role": pilot.role,
        "contact": pilot.contact,
        "theme": pilot.theme,
        "edition": pilot.edition,
        "made": format_time(pilot.made),
        "suspended": since,
        "actuators": ", ".join(pilot.actuators),
        **msgspec.structs.asdict(quotas),
    }
    for member, value in values.items():
        say(f"{member:20} {'-' if value == '' else value}")
    say(f"{'budget':20} {_dirhams(sum(entry.centimes for entry in entries))} DH left")
    for entry in entries:
        say(f"  {entry.date}  {_dirhams(entry.centimes):>12} DH  {entry.note}".rstrip())
    say("")
    table(_KEY_HEADINGS, map(_key_row, keys), say)


def show_keys(settings: Settings, pilot: str | None, prefix: str, say: Say) -> None:
    """Show keys, a line each."""
    with _open(settings) as (register, _):
        if pilot is not None:
            register.pilot(pilot)
        keys = register.keys(pilot, prefix)
    if not keys:
        say("there are no such keys")
        return
    table(("PILOT", *_KEY_HEADINGS), ((key.pilot, *_key_row(key)) for key in keys), say)


@contextmanager
def _open(settings: Settings) -> Iterator[tuple[Register, Budget]]:
    """Open the control data, and close them.

    Raises
    ------
    SetupError
        If there are none, or they cannot be read or written.
    """
    if settings.control_url is None and not settings.control_file.exists():
        raise SetupError(
            f"no city here: there is none in {settings.data_dir.absolute()}; use --data-dir, or start one with `zenata up`"
        )
    engine = open_control_data(settings)
    try:
        yield open_register(settings, engine), Budget(engine)
    except SQLAlchemyError as error:
        raise SetupError(f"the control data cannot be read or written: {type(error).__name__}") from error
    finally:
        engine.dispose()


@contextmanager
def changing(settings: Settings) -> Iterator[Register]:
    """Open the pilots to change them; a broker that is given has the change when the block ends."""
    from sandbox.broker_users import following  # here alone: commands that only read start faster without the broker

    with _open(settings) as (register, _), following(settings, register):
        yield register


def _issued(settings: Settings, pilot: str, name: str, key: str) -> str:
    if name == MAIN and pilot in FIRST:
        keep_key(settings.data_dir, pilot, key)  # what reads that file goes on
    return key


def _key_row(key: Key) -> tuple[str, ...]:
    until = "-" if key.expires is None else format_time(key.expires)
    return f"{key.prefix}...", key.state(WallClock().now()), key.name, " ".join(sorted(key.scopes)), until


def _dirhams(centimes: int) -> str:
    return f"{Decimal(centimes) / 100:,.2f}"


def _scopes(scopes: Sequence[Scope] | None) -> frozenset[Scope]:
    return frozenset(scopes) if scopes else ALL


def _moment(text: str | None) -> int | None:
    try:
        return None if text is None else parse_moment(text, WallClock().now())
    except ValueError as error:
        raise SetupError(f"--expires: {error}") from None


def _quota(text: str) -> tuple[str, float | None]:
    name, _, value = text.partition("=")
    if value == "default":
        return name, None
    try:
        return name, int(value) if value.isdigit() else float(value)
    except ValueError:
        raise SetupError(f"--quota {text}: write it like requests_per_minute=600, or =default") from None


def _check_actuators(settings: Settings, about: dict[str, Any]) -> None:
    wanted = about.get("actuators")
    if wanted:
        from zenata.city.pack import load_city

        known = {sensor.id for sensor in load_city(settings.city).sensors}
        for sensor in wanted:
            if sensor not in known:
                raise SetupError(f"--actuator {sensor}: there is no such device in the city {settings.city}")
