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
            lost = {"type": "gateway_down", "id": "variant-outage", "start": f"+{begin}s", "duration": OUTAGE}
            return start, ({**lost, "kinds": list(kinds), "lost": True},)
        case "sensor-faults":
            broken = {"type": "sensor_stuck", "id": "variant-faults", "start": f"+{warm_up}s", "duration": duration}
            return start, ({**broken, "kinds": list(kinds), "share": BROKEN},)
        case "heat-wave":
            heat = {"type": "heatwave", "id": "variant-heat", "start": f"+{warm_up}s", "duration": duration}
            return start, ({**heat, "temperature": HEAT},)
        case "ramadan":
            before, rest = divmod(warm_up, _DAY)  # worlds begin at midnight
            spare = max(RAMADAN_DAYS - -(-(rest + duration) // _DAY), 0) + 1
            day = start // (_DAY * SECOND) % spare
            return RAMADAN + (day - before) * _DAY * SECOND, ()
    raise ValueError(f"there is no variant {variant!r}: use {', '.join(VARIANTS)}")
