"""Challenges: their rules, leaderboards, and comparisons of pilots."""

from .base import Document, JsonObject


class Factor(Document, frozen=True, kw_only=True):
    """What impact is computed with.

    Parameters
    ----------
    name : str
    value : float
    unit : str
    source : str
        Where it is from; `default` where nobody has measured it.
    """

    name: str
    value: float
    unit: str
    source: str


class Challenge(Document, frozen=True, kw_only=True):
    """A challenge.

    Parameters
    ----------
    challenge : str
    title : dict
        By language: fr, en, ar.
    summary : str
        What to do.
    kinds, districts : list of str
        Whose readings a service gets; all if empty.
    networks : list of str
        Networks of the city that help, as /v1/networks/{network} gives them.
    every, tick : float
        Length of a step, and of a tick of its worlds [s].
    duration, warm_up : float
        Of a seed, and of its beginning in which answers are not taken yet [s].
    practice, graded : int
        Seeds of a trial of each mode.
    answer : dict
        JSON Schema of one answer.
    factors : list of Factor
        What impact and money are computed with.
    """

    challenge: str
    title: dict[str, str]
    summary: str
    kinds: list[str]
    districts: list[str]
    networks: list[str]
    every: float
    tick: float
    duration: float
    warm_up: float
    practice: int
    graded: int
    answer: JsonObject
    factors: list[Factor]


class Standing(Document, frozen=True, kw_only=True):
    """A pilot's place on a leaderboard.

    Parameters
    ----------
    rank : int
        That of its group: those of one group do not differ by more than chance.
    name : str
    attempts : int
        Graded trials that came to their end.
    mean : float
        Of its last three.
    low, high : float or None
        Student's t interval over their seeds.
    luck : float
        Points that it is ranked below its mean by: what stopping at the best of so many attempts gives by chance.
    baselines : dict
        Mean points of `naive` and `reference` in the same seeds.
    """

    rank: int
    name: str
    attempts: int
    mean: float
    low: float | None
    high: float | None
    baselines: dict[str, float]
    luck: float = 0.0


class Leaderboard(Document, frozen=True, kw_only=True):
    """The leaderboard of a challenge and edition.

    Parameters
    ----------
    challenge, edition : str
    items : list of Standing
        Best first.
    final : bool
        Whether these are the runs of the frozen set that the edition was closed with.
    """

    challenge: str
    edition: str
    items: list[Standing]
    final: bool = False


class Comparison(Document, frozen=True, kw_only=True):
    """Two pilots of a leaderboard.

    Parameters
    ----------
    challenge, edition, a, b : str
    difference : float
        Mean points of `a` less those of `b`.
    low, high : float or None
        Student's t interval of the difference.
    p : float
        Two-sided sign-flip test.
    seeds : int
        Pairs that were compared.
    """

    challenge: str
    edition: str
    a: str
    b: str
    difference: float
    low: float | None
    high: float | None
    p: float
    seeds: int
