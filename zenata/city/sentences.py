"""Sentences: what the API says to people in French, English and Arabic: details of alerts, reasons, and help with problems.

The English ones stand in data that is stored and in answers of programs, so they are what identifies a sentence, as in gettext:
`recognise` finds the template that a text was made from, with its parameters, and `translations` writes it in all languages. A
text that is none of these stays in English.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from zenata.city.titles import translations as titles

Language = Literal["en", "fr", "ar"]
LANGUAGES: tuple[Language, ...] = ("en", "fr", "ar")
"""English first: what is not translated is in it."""

_FILE = Path(__file__).with_name("sentences.toml")
_PARAMETER = re.compile(r"\{([a-z]+)\}")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
_MOROCCAN = str.maketrans(",.", ".,")  # as CLDR has it for Morocco in both languages, and as the page writes numbers
_ISOLATED = "\u2068{}\u2069"  # so that a value of Latin letters does not turn the Arabic around it (Unicode UAX 9)
_DEPTH = 3  # sentences within sentences
_TITLED = {"challenge": "challenges", "kind": "kinds", "property": "properties"}
"""Parameters that name what has a title (titles.toml), and which."""


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with its parameters open.

    Parameters
    ----------
    code : str
        Its name, which stays the same.
    texts : mapping of str to str
        By language.
    """

    code: str
    texts: Mapping[str, str]

    @property
    def literals(self) -> list[str]:
        """What of the English text is between the parameters: one more than there are."""
        return _PARAMETER.split(self.texts["en"])[::2]

    @property
    def names(self) -> list[str]:
        """The parameters in the order of the English text."""
        return _PARAMETER.findall(self.texts["en"])

    def match(self, text: str) -> dict[str, str] | None:
        """Return the parameters with which the English text is `text`; None if it is another sentence.

        One pass: of several ways to read it, that with the shortest first parameters.
        """
        first, *others = self.literals
        if not text.startswith(first) or (not others and text != first):
            return None
        values: list[str] = []
        rest = text[len(first) :]
        for index, literal in enumerate(others):
            is_last = index == len(others) - 1
            end = (len(rest) - len(literal) if rest.endswith(literal) else -1) if is_last else rest.find(literal, 1)
            if end < 1:
                return None
            values.append(rest[:end])
            rest = rest[end + len(literal) :]
        return dict(zip(self.names, values, strict=True))


def english(code: str, /, **parameters: str) -> str:
    """Return the English sentence of an alert.

    Parameters
    ----------
    code : str
        Its name in sentences.toml.
    **parameters : str
        As written in English.
    """
    return _filled(_tables()["alerts"][code]["en"], parameters)


@lru_cache(maxsize=4096)
def recognise(text: str) -> tuple[str, Mapping[str, str]] | None:
    """Return the code and parameters of a sentence, or None if it is none of sentences.toml.

    It may stand there without its full stop, and with a small letter first: problems set both.
    """
    bare = text.removesuffix(".")
    for form in dict.fromkeys((text, bare, f"{bare[:1].lower()}{bare[1:]}")):
        for template in _templates():
            found = template.match(form)
            if found is not None:
                return template.code, found
    return None


@lru_cache(maxsize=4096)
def translations(text: str, depth: int = _DEPTH) -> Mapping[str, str]:
    """Return a sentence in all languages; in English where it is none of sentences.toml."""
    found = recognise(text) if depth else None
    if found is None:
        return {"fr": text, "en": text, "ar": text}
    code, parameters = found
    texts = next(template.texts for template in _templates() if template.code == code)
    inner = {name: _word(name, value) or translations(value, depth - 1) for name, value in parameters.items()}
    written = {
        language: _filled(texts[language], {name: _written(values, language) for name, values in inner.items()})
        for language in LANGUAGES[1:]
    }
    if text.endswith(".") and not texts["en"].endswith("."):
        written = {language: f"{one}." for language, one in written.items()}
    if text[:1].isupper() and texts["en"][:1].islower():
        written["fr"] = f"{written['fr'][:1].upper()}{written['fr'][1:]}"
    return {"fr": written["fr"], "en": text, "ar": written["ar"]}


def help_with(problem: str, detail: str, language: Language, general: str = "") -> tuple[str, str | None]:
    """Return the detail of a problem in a language: what to do about its kind, where it is no known sentence.

    Parameters
    ----------
    problem : str
        Name of its kind.
    detail : str
        In English.
    language : str
    general : str
        What to do about its kind, in English: a detail may end with it.

    Returns
    -------
    str
    str or None
        What it was in English, if the first does not say all of it.
    """
    if language == "en":
        return detail, None
    first = detail.removesuffix(general).rstrip() if general else detail
    known = recognise(first) is not None
    sentence = translations(first)[language]
    if known and first == detail:
        return sentence, None
    advice = _tables()["help"].get(problem, {}).get(language)
    if advice is None or not first:
        return advice or detail, None
    return (f"{sentence} {advice}", None) if known else (advice, detail)


def numeral(text: str, language: Language) -> str:
    """Return a number in the way of a language, given in that of English, such as 12,345.6; digits are the same in all three."""
    return text if language == "en" else text.translate(_MOROCCAN)


def _word(parameter: str, value: str) -> Mapping[str, str] | None:
    """Return what a parameter says in all languages, where its value is a word of the API or what the city has a title for.

    Kinds and properties keep their name behind the title, as whoever sent it looks for it there.
    """
    if parameter == "scopes":
        words = [_word("scope", one) or dict.fromkeys(LANGUAGES, one) for one in value.split(", ")]
        return {
            language: ("، " if language == "ar" else ", ").join(word[language] for word in words)
            for language in LANGUAGES
        }
    subject = _TITLED.get(parameter)
    known = titles()[subject].get(value) if subject else _tables()["words"].get(f"{parameter}.{value}")
    if known is not None and parameter in {"kind", "property"}:
        known = {"fr": f"{known['fr']} ({value})", "ar": f"{known['ar']} ({_ISOLATED.format(value)})"}
    return None if known is None else {"en": value, **known}


def _filled(text: str, parameters: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda found: parameters[found[1]], text)


def _written(values: Mapping[str, str], language: Language) -> str:
    """Write a parameter as the language does: thousands, and in Arabic apart from its surroundings."""
    value = values[language]
    if value != values["en"]:
        return value
    if _GROUPED.fullmatch(value):
        value = numeral(value, language)
    return _ISOLATED.format(value) if language == "ar" else value


@cache
def _tables() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _templates() -> list[Template]:
    """Return all templates, those with the longest fixed text first, as they say the most."""
    tables = _tables()
    found = [Template(code, texts) for subject in ("alerts", "reasons") for code, texts in tables[subject].items()]
    return sorted(found, key=lambda one: -sum(map(len, one.literals)))
