"""Weights of what the headers Accept, Accept-Encoding and Accept-Language name (RFC 9110, section 12.4.2)."""

import re
from collections.abc import Mapping
from functools import lru_cache

MAX_REMEMBERED = 200  # characters of a header whose meaning is remembered
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')  # a parameter's value, in which a comma separates nothing


def weights(header: str) -> Mapping[str, float]:
    """Return what a header of this kind names, in its order, with the weights; a weight that cannot be read is 0.

    Parameters other than the weight do not count, unless the same thing is named with fewer of them.
    """
    return (_known_weights if len(header) <= MAX_REMEMBERED else _weights)(header)


def _weights(header: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    extra: dict[str, int] = {}
    for part in _QUOTED.sub("", header.lower()).split(","):
        name, *parameters = ("".join(word.split()) for word in part.split(";"))
        given = [word[2:] for word in parameters if word.startswith("q=")]
        others = len(parameters) - len(given)
        if name and others <= extra.get(name, others):
            found[name], extra[name] = _weight(given[0] if given else "1"), others
    return found


_known_weights = lru_cache(256)(_weights)  # clients send the same header again and again


def _weight(text: str) -> float:
    try:
        weight = float(text)  # some clients write .2, which the grammar does not have
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
