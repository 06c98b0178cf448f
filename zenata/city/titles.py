"""Titles: names for people in French, English and Arabic, of kinds, properties, setpoints, events, challenges and problems."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

_FILE = Path(__file__).with_name("titles.toml")

Subject = Literal["kinds", "properties", "settings", "events", "challenges", "problems"]


def titles(subject: Subject, name: str, english: str) -> dict[str, str]:
    """Return the titles of a thing by language (BCP 47); English in place of one that is not translated.

    Parameters
    ----------
    subject : str
        What kind of thing it is.
    name : str
        Its name; of a setpoint ``{kind}.{name}``.
    english : str
        Its title in English.
    """
    known = translations()[subject].get(name, {})
    return {"fr": known.get("fr", english), "en": english, "ar": known.get("ar", english)}


@cache
def translations() -> dict[str, dict[str, dict[str, str]]]:
    """Return all translations, by subject, name and language."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
