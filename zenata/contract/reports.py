"""Reports of trials: what was hidden in each seed, what a service said and did, and how it went."""

from typing import Literal, TypeAlias

from msgspec import field

from .base import Document, Time
from .challenges import Factor
from .trials import Trial

Verdict: TypeAlias = Literal["hit", "missed", "false", "hidden"]


class HiddenEvent(Document, frozen=True, kw_only=True):
    """Something that was hidden in the world of a seed.

    Parameters
    ----------
    type : str
    targets : list of str
        Sensors, streets or districts that it acted on.
    start, end : datetime
    verdict : str
        `hit`, `missed`, or `hidden` if it is not what is to be found.
    found : datetime or None
        When the service found it.
    trace : datetime or None
        When a sensor where it happened first showed it, by the truth labels or by what its readings would have been without it;
        null where neither is known, or none did.
    """

    type: str
    targets: list[str]
    start: Time
    end: Time
    verdict: Verdict
    found: Time | None = None
    trace: Time | None = None


class Detection(Document, frozen=True, kw_only=True):
    """Something that a service said it found.

    Parameters
    ----------
    time : datetime
    target : str
    hit : bool
        Whether it was there.
    """

    time: Time
    target: str
    hit: bool


class Curve(Document, frozen=True, kw_only=True):
    """A line of a chart.

    Parameters
    ----------
    name : str
        `truth`, `reading`, `forecast`, `with`, `without` or `best`.
    values : list of float or None
        One for each step that counts.
    low, high : list of float or None
        A band about it: the quantiles 0.1 and 0.9 of a forecast.
    """

    name: str
    values: list[float | None]
    low: list[float | None] | None = None
    high: list[float | None] | None = None


class Chart(Document, frozen=True, kw_only=True):
    """Values over the steps that count.

    Parameters
    ----------
    name : str
        What is drawn, such as `power`.
    of : str
        Whose it is, such as a district or a sensor; empty for the whole city.
    unit : str
    curves : list of Curve
    """

    name: str
    unit: str
    curves: list[Curve]
    of: str = ""


class Place(Document, frozen=True, kw_only=True):
    """Something on the map.

    Parameters
    ----------
    target : str
    line : list of (float, float)
        Longitude and latitude [deg]; one point of a sensor.
    verdict : str
        `hit`, `missed` or `false`; `hidden` if it is not what is to be found.
    """

    target: str
    line: list[tuple[float, float]]
    verdict: Verdict


class Exhibit(Document, frozen=True, kw_only=True):
    """The truth of one seed beside what a service said and did.

    Parameters
    ----------
    start, end : datetime
        Of the steps that count.
    every : float
        Length of a step [s].
    events : list of HiddenEvent
    detections : list of Detection
        The first ones; `more` says how many were left out.
    more : int
    charts : list of Chart
    places : list of Place
    """

    start: Time
    end: Time
    every: float
    events: list[HiddenEvent] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)
    more: int = 0
    charts: list[Chart] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


class TrialReport(Document, frozen=True, kw_only=True):
    """The report of a trial that is done.

    Parameters
    ----------
    title : dict
        Of the challenge, by language: fr, en, ar.
    trial : Trial
    factors : list of Factor
        What impact and money are computed with.
    outline : list of list of (float, float)
        Outlines of the city's districts, for the map: longitude and latitude [deg].
    exhibits : list of Exhibit or None
        By seed; null while the seeds of a graded trial are hidden, until its edition is closed.
    """

    title: dict[str, str]
    trial: Trial
    factors: list[Factor]
    outline: list[list[tuple[float, float]]]
    exhibits: list[Exhibit] | None
