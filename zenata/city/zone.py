"""Time zones by the rules of the pinned package `tzdata`, never by those of the machine.

`zoneinfo` prefers the system's files, which differ from one machine to the next (PEP 615).
"""

from functools import cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo


@cache
def load_zone(name: str) -> ZoneInfo:
    """Return a zone of the IANA data base, such as ``Africa/Casablanca``.

    Raises
    ------
    ValueError
        If the data base has no zone of this name.
    """
    levels = name.split("/")
    if all(level.replace("_", "").replace("-", "").replace("+", "").isalnum() for level in levels):
        file = resources.files("tzdata").joinpath("zoneinfo", *levels)
        if file.is_file():
            with file.open("rb") as data:
                if data.read(4) == b"TZif":
                    data.seek(0)
                    return ZoneInfo.from_file(data, key=name)
    raise ValueError(f"{name[:60]!r} is no time zone: write a name of the IANA data base, such as Africa/Casablanca")


def tzdata_version() -> str:
    """Return the version of the rules, such as ``2026.6``."""
    return metadata.version("tzdata")
