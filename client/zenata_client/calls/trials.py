"""Calls about trials: challenges, a trial step by step, its scores and leaderboards (docs/trials.md)."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import httpx
import msgspec

from zenata_client.contract.base import Page
from zenata_client.contract.challenges import Challenge, Comparison, Leaderboard
from zenata_client.contract.editions import Declaration, Edition
from zenata_client.contract.readings import Reading
from zenata_client.contract.reports import TrialReport
from zenata_client.contract.trials import (
    AnswersTaken,
    Mode,
    Trial,
    TrialClock,
    TrialReceipt,
    TrialStep,
    Variant,
)
from zenata_client.errors import ProblemError, UnreachableError
from zenata_client.parameters import body, check_commands
from zenata_client.plan import (
    PATIENCE,
    Flow,
    Give,
    Pause,
    Plan,
    Send,
    answered,
    ask,
    collect,
    delete,
    get,
    items,
    post,
    route,
)

_LONG = 660.0  # more than a step may take [s]
P = ParamSpec("P")
T = TypeVar("T")

_WAIT = 1.0  # before another attempt while nobody answers [s]
_LOOK = 0.2  # between two looks at a trial that waits for its turn, or is scored [s]
_OVER = ("done", "failed", "cancelled")


class Step:
    """A step of a trial, to be answered.

    Attributes
    ----------
    trial : str
    seed, number : int
        From 1.
    time : datetime
        Of the world.
    warm_up : bool
        Whether answers are not taken yet.
    readings : list of Reading
        What sensors said in it.
    outcomes : list of CommandResult
        Of the commands that were given before it.
    result : Trial or None
        On the last step, once the loop is over: the trial with its score.
    """

    def __init__(self, document: TrialStep) -> None:
        self.trial, self.seed, self.number = document.trial, document.seed, document.step
        self.time: datetime | None = document.time
        self.warm_up, self.outcomes = document.warm_up, document.outcomes
        self.readings: list[Reading] = document.items
        self.result: Trial | None = None
        self._answers: list[dict[str, Any]] = []
        self._commands: list[dict[str, Any]] = []

    def answer(self, **answer: Any) -> None:  # noqa: ANN401 - as the challenge has it
        """Give an answer; its members are those of the challenge (`Client.challenge`)."""
        self._answers.append(answer)

    def command(self, sensor: str, **setpoints: float | None) -> None:
        """Command a device; None gives a setpoint back to it.

        Raises
        ------
        ValueError
            If the step has 1,000 commands already, the most that it takes.
        """
        check_commands(len(self._commands) + 1)
        self._commands.append({"sensor": sensor, "set": setpoints})

    def taken(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the answers and commands that were given."""
        return self._answers, self._commands


def challenges() -> Plan[list[Challenge]]:
    """Return the challenges: what a service reads, answers or commands in each."""
    return (yield from collect(items(Page[Challenge], route("challenges"))))


def challenge(challenge: str) -> Plan[Challenge]:
    """Return a challenge."""
    return (yield from get(Challenge, route("challenges", challenge)))


def begin_trial(
    challenge: str,
    *,
    mode: Mode = "practice",
    clock: TrialClock = "lock-step",
    speed: float | None = None,
    seeds: Sequence[int] | None = None,
    publish: bool = False,
    name: str = "",
    variant: Variant = "plain",
    parallel: int = 1,
) -> Plan[Trial]:
    """Begin a trial, which waits for its turn.

    Parameters
    ----------
    challenge : str
    mode : str
        ``practice``, or ``graded`` for the leaderboard.
    clock : str
        ``lock-step``: the world moves on when a step is asked for; ``speed``: it runs by itself.
    speed : float, optional
        World seconds per second, of ``speed``.
    seeds : list of int, optional
        Of practice; hidden ones if left out.
    publish : bool
        Of lock-step: publish and store the readings of steps, too; without, they are in the steps alone.
    name : str
        Shown on the leaderboard.
    variant : str
        Of practice: ``outage``, ``sensor-faults``, ``heat-wave`` or ``ramadan``.
    parallel : int
        Seeds side by side: each of the ``parts`` is a trial that `trial` goes through, in a process of its own.
    """
    new = {"challenge": challenge, "mode": mode, "clock": clock, "speed": speed, "seeds": seeds, "variant": variant}
    more = {"publish": publish, "name": name, "parallel": parallel}
    return (yield from post(Trial, route("trials"), body({**new, **more})))


def trials(*, limit: int | None = None) -> Plan[list[Trial]]:
    """Return your trials, newest first.

    Parameters
    ----------
    limit : int, optional
        At most so many.
    """
    return (yield from collect(items(Page[Trial], route("trials"), limit=limit)))


def show_trial(trial: str) -> Plan[Trial]:
    """Return a trial: its phase, how far it is, and its scores."""
    return (yield from get(Trial, route("trials", trial)))


def cancel_trial(trial: str) -> Plan[None]:
    """Cancel a trial."""
    yield from delete(route("trials", trial))


def make_step(
    trial: str,
    *,
    step: int | None = None,
    seed: int | None = None,
    answers: Sequence[Mapping[str, object]] = (),
    commands: Sequence[Mapping[str, object]] = (),
) -> Plan[TrialStep]:
    """Give the answers to the step before, and make the next one. `trial` does all of this in a loop.

    Parameters
    ----------
    trial : str
    step, seed : int, optional
        Numbers of what is asked for; with them it does no harm twice.
    answers, commands : list of dict
        At most 10,000 and 1,000.
    """
    check_commands(len(commands))
    content = body({"step": step, "seed": seed, "answers": answers, "commands": commands})
    return (yield from _step(trial, content))


def answer_trial(
    trial: str, answers: Sequence[Mapping[str, object]], *, step: int | None = None, seed: int | None = None
) -> Plan[AnswersTaken]:
    """Give answers to the step that was made last, without asking for the next one.

    Parameters
    ----------
    trial : str
    answers : list of dict
    step, seed : int, optional
        Numbers of what they answer; those to an earlier step are refused.
    """
    content = body({"answers": answers, "step": step, "seed": seed})
    return (yield from post(AnswersTaken, route("trials", trial, "answers"), content))


def trial_receipt(trial: str) -> Plan[TrialReceipt]:
    """Return the signed receipt of a trial that is done."""
    return (yield from get(TrialReceipt, route("trials", trial, "receipt")))


def trial_report(trial: str) -> Plan[TrialReport]:
    """Return the report of a trial that is done; what was hidden in it is there once its seeds are hidden no longer."""
    return (yield from get(TrialReport, route("trials", trial, "report"), format="json"))


def trial_report_html(trial: str, *, lang: str = "en") -> Plan[str]:
    """Return the report of a trial that is done as HTML: one file that works offline.

    Parameters
    ----------
    trial : str
    lang : str
        ``en``, ``fr`` or ``ar``.
    """
    path = route("trials", trial, "report")
    return (yield from ask(Send(method="GET", path=path, params={"format": "html", "lang": lang}))).text


def leaderboard(challenge: str, *, edition: str | None = None) -> Plan[Leaderboard]:
    """Return the leaderboard of a challenge.

    Parameters
    ----------
    challenge : str
    edition : str, optional
        Yours if left out.
    """
    return (yield from get(Leaderboard, route("leaderboards", challenge), edition=edition))


def compare(challenge: str, a: str, b: str, *, edition: str | None = None) -> Plan[Comparison]:
    """Compare two of a leaderboard over their seeds.

    Parameters
    ----------
    challenge, a, b : str
    edition : str, optional
        Yours if left out.
    """
    return (yield from get(Comparison, route("leaderboards", challenge, "compare"), a=a, b=b, edition=edition))


def edition(edition: str) -> Plan[Edition]:
    """Return how far an edition is, the commitment to its frozen set, and the versions declared for it."""
    return (yield from get(Edition, route("editions", edition)))


def open_edition(edition: str) -> Plan[Edition]:
    """Open an edition: its frozen set of seeds is drawn, and committed to. For administrators."""
    return (yield from answered(Edition, Send(method="POST", path=route("editions", edition, "open"))))


def declare_version(edition: str, challenge: str, version: str, *, digest: str, name: str = "") -> Plan[Declaration]:
    """Declare which version of one's service runs the frozen set of a challenge.

    Parameters
    ----------
    edition, challenge : str
    version : str
        What its pilot calls it, such as a tag.
    digest : str
        ``sha256:`` and 64 digits: of the container image, or of the file, that the operator is to run.
    name : str
        Shown on the final leaderboard; the pilot's if left out.
    """
    path = route("editions", edition, "declarations", challenge)
    new = msgspec.json.encode({"version": version, "digest": digest, "name": name})
    return (yield from answered(Declaration, Send(method="PUT", path=path, body=new)))


def freeze_edition(edition: str) -> Plan[Edition]:
    """Begin the runs of the frozen set, a trial for each declared version, once. For administrators."""
    return (yield from answered(Edition, Send(method="POST", path=route("editions", edition, "freeze"))))


def close_edition(edition: str) -> Plan[None]:
    """Close an edition, for good: its graded trials show their seeds, and no other begins. For administrators."""
    yield from ask(Send(method="POST", path=route("editions", edition, "close")))


def trial(
    challenge: str,
    *,
    mode: Mode = "practice",
    seeds: Sequence[int] | None = None,
    publish: bool = False,
    name: str = "",
    trial: str | None = None,
) -> Flow[Step]:
    """Give the steps of a trial in lock-step, each to be answered before the next: from its beginning to its score.

    Parameters
    ----------
    challenge : str
    mode, seeds, publish, name
        As `begin_trial` has them.
    trial : str, optional
        One that was begun, to go on with; ``ZENATA_TRIAL``, as ``zenata trial run`` sets it, or a new one if left out.

    Raises
    ------
    UnreachableError
        If nobody answers the first call, or for half a minute.
    """
    known = trial or os.environ.get("ZENATA_TRIAL")
    if known:
        now = yield from show_trial(known)
    else:
        now = yield from begin_trial(challenge, mode=mode, seeds=seeds, publish=publish, name=name)
    last: Step | None = None
    while now.phase not in _OVER:
        if now.phase == "running" and now.world:
            document = yield from _steadily(_loop_step, now.trial, now.seed, max(now.step, 1), ([], []))
            while document and not document.seed_over:
                last = Step(document)
                yield Give(last)
                document = yield from _steadily(_loop_step, now.trial, now.seed, document.step + 1, last.taken())
        else:
            yield Pause(_LOOK)
        now = yield from _steadily(show_trial, now.trial)
    if last:
        last.result = now


def _steadily(call: Callable[P, Plan[T]], *args: P.args, **options: P.kwargs) -> Plan[T]:
    """Make a call that does no harm twice again while nobody answers: the API may start anew in the midst of a trial."""
    waited = 0.0
    while True:
        try:
            return (yield from call(*args, **options))
        except UnreachableError:
            if waited >= PATIENCE:
                raise
            waited += _WAIT
            yield Pause(_WAIT)


def _loop_step(
    trial: str, seed: int, step: int, taken: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> Plan[TrialStep | None]:
    """Make a step; None if the seed is over already, whose last answer nobody may have heard."""
    answers, commands = taken
    try:
        return (yield from _step(trial, {"seed": seed, "step": step, "answers": answers, "commands": commands}))
    except ProblemError as refused:
        now = yield from show_trial(trial)
        if refused.status == httpx.codes.CONFLICT and (now.phase != "running" or now.seed != seed):
            return None
        raise


def _step(trial: str, content: Mapping[str, object]) -> Plan[TrialStep]:
    sent = msgspec.json.encode(content)
    path = route("trials", trial, "step")
    return (yield from answered(TrialStep, Send(method="POST", path=path, body=sent, timeout=_LONG)))
