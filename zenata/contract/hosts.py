"""Hosts: the machines that run worlds."""

from .base import Document, Time


class Host(Document, frozen=True, kw_only=True):
    """A machine, or a part of one, that runs worlds.

    Parameters
    ----------
    name : str
    since : datetime
        When it started.
    seen : datetime
        When it last reported itself.
    cores : int
    load : float
        Share of the machine's processors that was busy lately, by whatever program, 0 to 1.
    worlds : list of str
        The worlds that it runs.
    """

    name: str
    since: Time
    seen: Time
    cores: int
    load: float
    worlds: list[str]
