"""Times that uplinks say: which member says when, in which form, and which members are times and no readings."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from zenata.city.clock import from_epoch, lacks_zone, parse_time
from zenata.errors import UplinkTimeError

TIMES = ("time", "ts", "timestamp", "at", "datetime", "phenomenontime", "observedat", "dateobserved")
"""Members that say when an object was observed, in small letters, the first that is there.

The last three are those of OGC SensorThings (15-078r6, section 8.2.7), NGSI-LD (ETSI GS CIM 009, section 4.8) and Smart Data
Models.
"""

UNIX_TIMES = frozenset(
    "capturedat collectedat createdat date datetimeutc devicetime epoch epochms epochtime eventtime measuredat measurementtime "
    "observationtime observedtime readingtime recordedat sampledat sampletime timems timestampms timestampunix "
    "timestamputc timeutc tsms tst tsutc unix unixtime unixtimestamp utc utctime".split()
)
"""Members that say so, too, if they hold a time: in small letters, without the signs between words.

They count where no member of `TIMES` has a time with its offset: Tasmota has the local ``Time`` beside ``Epoch``, and the first
generation of Shelly ``"time": "13:00"`` beside ``unixtime``. ``tst`` is OwnTracks'. A day alone says no moment: all that is
observed in it would have one time.
"""

_TIME_WORDS = frozenset({*TIMES, *UNIX_TIMES, "lastseen", "lastupdate", "lastupdated"})
_TIME_ENDS = ("_ts", "_time", "_timestamp", "_at", "_epoch", "_date", "_updated", "_seen", "_utc")
_DURATIONS = ("up_time", "run_time", "on_time", "off_time", "down_time", "elapsed_time", "remaining_time")
_DAY = re.compile(r"\s*\d{4}-\d\d-\d\d\s*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_time(name: str, value: float) -> bool:
    """Return whether a member is a time rather than a reading: called one, and the size of one."""
    words = _CAMEL.sub("_", name).lower()
    if _word(name) not in _TIME_WORDS and (not words.endswith(_TIME_ENDS) or words.endswith(_DURATIONS)):
        return False
    try:
        from_epoch(value)
    except ValueError:
        return False
    return True


def time_of(document: Mapping[str, Any]) -> tuple[str, int | None]:
    """Return which member says when an object was observed, and that time [us since the Unix epoch].

    Both are empty where none does. Null is as if it were not there. See `TIMES` and `UNIX_TIMES`.

    Raises
    ------
    UplinkError
        If it says what is no time.
    """
    by_word = {name.lower(): name for name in reversed(list(document))}
    found = (by_word[word] for word in TIMES if word in by_word)
    first = next((name for name in found if not isinstance(document[name], dict | list)), "")
    time, wrong = None, None
    try:
        time = moment(document[first], first) if first and document[first] is not None else None
    except UplinkTimeError as error:
        wrong = error
    if time is None or (isinstance(document[first], str) and lacks_zone(document[first])):
        for name, value in document.items():
            if _word(name) in UNIX_TIMES and isinstance(value, int | float | str) and not _DAY.fullmatch(str(value)):
                with suppress(UplinkTimeError):
                    return name, moment(value, name)
    if wrong:
        raise wrong
    return first, time


@lru_cache(maxsize=20_000)
def _word(name: str) -> str:
    """Return a name in small letters, without the signs between words."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


def moment(value: object, name: str = "time") -> int:
    """Read a time: RFC 3339 text, in UTC where it has no offset, or a number of s, ms, us or ns by its size.

    Returns
    -------
    int
        [us since the Unix epoch]

    Raises
    ------
    UplinkError
        If it is none.
    """
    try:
        match value:
            case bool():
                pass
            case int() | float():
                return from_epoch(value)
            case str() if value.replace(".", "", 1).isascii() and value.replace(".", "", 1).isdigit():
                return from_epoch(float(value) if "." in value else int(value))
            case str():
                return parse_time(value)
    except ValueError:
        pass
    raise UplinkTimeError(
        f"{name} is {str(value)[:80]!r}, which is no time: write it like 2026-01-31T08:00:00Z, or as seconds, "
        "milliseconds, microseconds or nanoseconds since 1970, of the years 2000 to 2099"
    )
