"""Validation of pilots and keys: names, texts, quotas, expiry; what is invalid raises `PilotError`."""

import math
from collections.abc import Mapping
from typing import Any

from zenata.control.keys import NAME, Scope
from zenata.control.pilot import PilotError, Quotas

BY_MQTT = "mqtt"
"""Who did it in the audit log, when a broker brought it, as that does not say whose it is."""

RESERVED = frozenset({"simulators", "ingest", "broker", "watcher", "sweeper", "hosts", "shell", BY_MQTT})
"""Names that no pilot may have: services have them at the broker, and in the audit log whoever is at the machine."""

_MAX_TEXT = {"contact": 200, "theme": 200, "edition": 80}
_MAX_ACTUATORS = 1000


def check_name(name: str) -> None:
    """Raise unless a pilot may be called so."""
    if not NAME.fullmatch(name):
        raise PilotError(
            f"{name[:80]!r} cannot name a pilot: use up to 32 of a-z, 0-9 and '-', beginning with a letter", "invalid"
        )
    if name in RESERVED:
        raise PilotError(f"a pilot cannot be called {name!r}: that is the name of a service", "invalid")


def check_key(name: str, scopes: frozenset[Scope], expires: int | None, now: int) -> None:
    """Raise unless there may be such a key; times in us since the Unix epoch."""
    if not NAME.fullmatch(name):
        raise PilotError(
            f"{name[:80]!r} cannot name a key: use up to 32 of a-z, 0-9 and '-', beginning with a letter", "invalid"
        )
    if not scopes:
        raise PilotError(f"a key needs a scope: {', '.join(Scope)}", "invalid")
    if expires is not None and expires <= now:
        raise PilotError("the key would have expired already", "invalid")


def check_change(changes: Mapping[str, Any]) -> None:
    """Raise unless members of a pilot may be so."""
    for member, value in changes.items():
        if member in _MAX_TEXT:
            if not isinstance(value, str) or len(value) > _MAX_TEXT[member] or "\0" in value:
                raise PilotError(f"{member} is a text of up to {_MAX_TEXT[member]} characters", "invalid")
        elif member == "quotas":
            _check_quotas(value)
        elif member == "actuators":
            if len(value) > _MAX_ACTUATORS:
                raise PilotError(f"a pilot may be allowed up to {_MAX_ACTUATORS} actuators", "limit")
        else:
            raise PilotError(f"{member} of a pilot does not change", "invalid")


def _check_quotas(quotas: Mapping[str, Any]) -> None:
    known = Quotas.__struct_fields__
    for name, value in quotas.items():
        if name not in known:
            raise PilotError(f"there is no quota {name[:80]!r}: use {', '.join(known)}", "invalid")
        if value is None:
            continue
        is_integer = name != "messages_per_second"
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise PilotError(f"the quota {name} is a number from 0 on", "invalid")
        if is_integer and value != int(value):
            raise PilotError(f"the quota {name} is a whole number", "invalid")
