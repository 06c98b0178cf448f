"""Content negotiation: which of the forms that an answer can have a request asks for.

References
----------
RFC 9110 sections 12.4.2 (weights), 12.5.1 (Accept) and 12.5.3 (Accept-Encoding).
"""

from collections.abc import Mapping, Sequence

from api.http.problems import Problem
from api.http.weights import weights


def choose(name: str | None, accept: str | None, offered: Mapping[str, str], advice: str = "") -> str:
    """Return the name of the format that a request asks for.

    Parameters
    ----------
    name : str or None
        ``?format=``; it wins over `accept`, for browsers and spreadsheets.
    accept : str or None
        The header of this name.
    offered : mapping of str to str
        Media types by the names of formats; the first is what a request without a preference gets.
    advice : str
        What to do about a format that is not there.

    Raises
    ------
    Problem
        406 if there is no such format.
    """
    if name is None:
        media = preferred(accept, list(offered.values()))
        if media is not None:
            return next(one for one, type_ in offered.items() if type_ == media)
        allowed, detail = (
            list(offered.values()),
            f"None of {accept!r} is available. Accept {' or '.join(offered.values())}.",
        )
    elif name.lower() in offered:
        return name.lower()
    else:
        allowed, detail = list(offered), f"There is no format {name!r}. Use format={' or '.join(offered)}."
    raise Problem("unsupported-format", f"{detail} {advice}".rstrip(), allowed=allowed)


def preferred(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the media type that a header Accept prefers, or None if it takes none of those offered.

    The most specific range that fits a type gives its weight. RFC 9110 leaves open which of two types of equal weight to
    send: here it is the one that is named more specifically, then the one named earlier, then the one offered earlier.
    """
    ranges = weights(accept or "")
    if not ranges:
        return offered[0]
    ranked = {media: _rank(media, ranges) for media in offered}
    best = max(offered, key=ranked.__getitem__)
    return best if ranked[best][0] > 0 else None


def _rank(media: str, ranges: Mapping[str, float]) -> tuple[float, int, int]:
    """Return weight, how specifically it is named, and how early."""
    family = media.split("/")[0] + "/*"
    for level, named in enumerate((media, family, "*/*", "*")):
        if named in ranges:
            return ranges[named], -level, -list(ranges).index(named)
    return 0.0, 0, 0
