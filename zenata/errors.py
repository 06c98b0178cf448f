"""What can go wrong, as one tree.

::

    ZenataError
    ├── CityError        a city pack does not hold together
    ├── ScenarioError    an event or a scenario cannot be played in this city
    ├── TopicError       a topic is not one of ours
    ├── SenmlError       a payload is not a SenML pack
    ├── UplinkError      a payload is nothing that a pilot's device can say
    │   └── UplinkTimeError  ... as its time is none
    ├── Rejected         a message cannot become readings
    ├── CommandError     a payload is not a command
    ├── ReasonError      with a reason for programs
    │   └── ControlError     a simulator does not answer, or refuses a request
    ├── BrokerError      the broker cannot be reached, or refused us
    │   └── BrokerAwayError  it does not answer; it may later
    ├── StoreError       the store cannot be opened, read or written
    │   ├── NoRoomError     the disk is full
    │   ├── StoreAwayError  the server of the store does not answer, or is busy; it may later
    │   ├── QueryTooHeavy   a query needs more time or memory than it may have
    │   ├── QueryTooFine    a query asks for what is not kept any more
    │   └── StoreBusyError  other queries are running; the same query will do later
    └── SetupError       a setting, a port, a folder: the user can mend it

Vendor errors are translated once, where they arise, with ``raise ... from``.
"""


class ZenataError(Exception):
    """Root of every error this project raises on purpose."""


class ReasonError(ZenataError):
    """An error with a reason for programs beside the message for people.

    Parameters
    ----------
    message : str
    reason : str
        One of the words that the class names.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class CityError(ZenataError):
    """A city pack does not hold together; the message names the file and the line or id."""


class ScenarioError(ZenataError):
    """An event or a scenario cannot be played in this city; the message names what is wrong and what is allowed."""


class TopicError(ZenataError):
    """A topic is not one of ours."""


class SenmlError(ZenataError):
    """A payload is not a SenML pack (RFC 8428)."""


class UplinkError(ZenataError):
    """A payload is nothing that a pilot's device can say; the message names what is wrong with it."""


class UplinkTimeError(UplinkError):
    """A payload says when it was observed, and that is no time."""


class Rejected(ZenataError):  # noqa: N818 - it is no failure of ours
    """A message cannot become readings.

    Parameters
    ----------
    code : str
        One of `zenata.store.dead_letters.REASONS`.
    reason : str
        For a person.
    quota : str
        Name of the quota that it exceeds, if it does.
    retry_after : float
        Time after which it would not [s].
    """

    def __init__(self, code: str, reason: str, quota: str = "", retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.code = code
        self.quota = quota
        self.retry_after = retry_after


class CommandError(ZenataError):
    """A payload is not a command to a device."""


class ControlError(ReasonError):
    """A simulator does not answer, or refuses a request.

    Reasons: ``away``: nobody answers; ``invalid``: the request does not fit the city; ``conflict``: it does not fit the
    state of the world; ``limit``: it is more than anybody may have; ``quota``: it is more than this pilot may have.
    """


class BrokerError(ZenataError):
    """The broker cannot be reached, or refused us."""


class BrokerAwayError(BrokerError):
    """The broker cannot be reached, or does not answer; it may later."""


class StoreError(ZenataError):
    """The store cannot be opened, read or written."""


class NoRoomError(StoreError):
    """The disk of the store is full; the same succeeds once there is room."""


class StoreAwayError(StoreError):
    """The server of the store cannot be reached, or is failing; the same may succeed later."""


class QueryTooHeavy(StoreError):  # noqa: N818 - it names the condition, as `MultipleResultsFound` does elsewhere
    """A query needs more time or memory than it may have: ask for fewer series, or a shorter range of times."""


class QueryTooFine(StoreError):  # noqa: N818 - it names the condition
    """A query asks for more than is kept of what is old: ask for longer spans, or begin later."""


class StoreBusyError(StoreError):
    """As many queries are running or waiting as the store runs at once; the same query will do later."""


class SetupError(ZenataError):
    """A setting, a port or a folder is not usable; the message says how to mend it."""


class TrialError(ReasonError):
    """A trial cannot be begun, or an answer does not count.

    Reasons: ``challenge``, ``variant``: there is none such in this city; ``unknown``: there is no such trial; ``invalid``: it is
    no such answer; ``early``, ``late``, ``over``: not at this time; ``limit``: too many; ``conflict``: not as the trial is;
    ``away``: not now, but the same answer may count soon.
    """
