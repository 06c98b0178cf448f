"""Variants of a seed: the same hidden events under conditions that a service may not have learnt, to see whether it is robust.

Practice alone has variants; their scores stand beside the plain one and rank nowhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from zenata.city.clock import SECOND, parse_time

VARIANTS = ("outage", "sensor-faults", "heat-wave", "ramadan")
"""Names of the variants."""

OUTAGE = 6 * 3600
"""How long messages are lost, in the middle of what is scored [s] (default)."""

BROKEN = 0.05
"""Share of the sensors that show their last value again and again, over all that is scored (default)."""

HEAT = 8.0
"""What a heat wave adds in the afternoon, over all that is scored [K] (default)."""

RAMADAN, RAMADAN_DAYS = parse_time("2026-02-18T00:00:00Z"), 30
"""The first day of Ramadan of 2026 in Morocco, and how many days it has."""

_DAY = 86_400


def planned(type_: str, id_: str, start: int, duration: int, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - what JSON can hold
    """Return an event as `POST /v1/worlds/{world}/events` takes it, from so many seconds after the start of the world on [s]."""
    return {"type": type_, "id": id_, "start": f"+{start}s", "duration": duration, **parameters}


def varied(
    variant: str, start: int, warm_up: int, duration: int, kinds: Sequence[str]
) -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """Return the first moment of the world of a variant, and the events that it adds.

    Parameters
    ----------
    variant : str
    start : int
        Of the plain world [us since the Unix epoch].
    warm_up, duration : int
        Of the challenge [s].
    kinds : sequence of str
        Whose sensors it reads.

    Returns
    -------
    start : int
        [us since the Unix epoch]
    events : tuple of mapping
        As `Challenge.events` has them.

    Raises
    ------
    ValueError
        If there is no such variant.
    """
    match variant:
        case "outage":
            begin = warm_up + duration // 2
            lost = planned("gateway_down", "variant-outage", begin, OUTAGE, kinds=list(kinds), lost=True)
            return start, (lost,)
        case "sensor-faults":
            broken = planned("sensor_stuck", "variant-faults", warm_up, duration, kinds=list(kinds), share=BROKEN)
            return start, (broken,)
        case "heat-wave":
            return start, (planned("heatwave", "variant-heat", warm_up, duration, temperature=HEAT),)
        case "ramadan":
            before, rest = divmod(warm_up, _DAY)  # worlds begin at midnight
            spare = max(RAMADAN_DAYS - -(-(rest + duration) // _DAY), 0) + 1
            day = start // (_DAY * SECOND) % spare
            return RAMADAN + (day - before) * _DAY * SECOND, ()
    raise ValueError(f"there is no variant {variant!r}: use {', '.join(VARIANTS)}")
