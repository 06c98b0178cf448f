"""What has been answered in a seed of a trial so far, which the next answers are held against."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec


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
        Those of that step, as JSON.
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
        """Return the answers of a step that is answered now."""
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
            self.answers.update(answers)
