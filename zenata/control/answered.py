"""What has been answered in a seed of a trial so far, which the next answers are held against."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from zenata.city.model import City
from zenata.contract.trials import Phase
from zenata.control.trial_tables import TrialRow
from zenata.errors import TrialError
from zenata.trials.challenge import Challenge


@dataclass(slots=True, kw_only=True)
class Answered:
    """The answers of a seed.

    Parameters
    ----------
    seed : int
        Its index.
    step : int
        The step that was answered last, or is answered now.
    answers : set of bytes
        Digests of those of that step (`digest`): they may be long, and many trials are held at once.
    count, size : int
        How many the seed has, and how long they are [bytes].
    last : int
        Id of the last message that had some.
    """

    seed: int = -1
    step: int = -1
    answers: set[bytes] = field(default_factory=set)
    count: int = 0
    size: int = 0
    last: int = 0

    @classmethod
    def of(cls, seed: int, step: int, last: int, messages: Iterable[tuple[int, str]]) -> "Answered":
        """Read the step and the text of each message of a seed."""
        found = cls(seed=seed, step=step, last=last)
        for at, text in messages:
            answers = msgspec.json.decode(text, type=list[msgspec.Raw])
            found._count([bytes(answer) for answer in answers], counts_now=at == step)
        return found

    def at(self, step: int) -> set[bytes]:
        """Return the digests of the answers of a step that is answered now."""
        return self.answers if step == self.step else set()

    def add(self, step: int, answers: Iterable[bytes], last: int) -> None:
        """Take the answers of a message to a step."""
        if step != self.step:
            self.step, self.answers = step, set()
        self.last = last
        self._count(list(answers), counts_now=True)

    def _count(self, answers: list[bytes], *, counts_now: bool) -> None:
        self.count += len(answers)
        self.size += sum(map(len, answers))
        if counts_now:
            self.answers.update(map(digest, answers))


def digest(answer: bytes) -> bytes:
    """Return what tells an answer, as JSON, from others."""
    return hashlib.sha256(answer).digest()


def without_ended(answered: Mapping[str, Answered], session: Session, phases: Iterable[Phase]) -> dict[str, Answered]:
    """Return what has been answered in seeds that run, by trial, if a trial is in one of some phases: any process may end them."""
    rows = session.execute(select(TrialRow.id, TrialRow.current).where(TrialRow.phase.in_(phases)))
    running = {(id_, current) for id_, current in rows}
    return {id_: of for id_, of in answered.items() if (id_, of.seed) in running}


def checked(challenge: Challenge, answer: Mapping[str, Any], time: int, city: City, number: int) -> bytes:
    """Return an answer as JSON, the same for the same answer."""
    try:
        decoded = msgspec.convert(answer, challenge.answer)
        challenge.check(decoded, time, city)
    except (msgspec.ValidationError, ValueError) as error:
        raise TrialError(
            f"answer {number}: {str(error).replace('$.', '')}; none of these answers counts", "invalid"
        ) from error
    return msgspec.json.encode(decoded, order="sorted")
