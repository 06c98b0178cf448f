"""Answers over MQTT: taken as those over HTTP are; what does not count becomes a dead letter that says why."""

from collections.abc import Callable, Sequence

from zenata.contract.decode import BodyError, decode
from zenata.contract.trials import NewAnswers
from zenata.control.trials import Trials
from zenata.errors import TopicError, TrialError
from zenata.wire import topics

Reject = Callable[[Sequence[tuple[str, bytes, str, str]]], None]


class AnswerReceiver:
    """Takes the messages of `zenata.wire.topics.ANSWERS`. Used by one thread.

    Parameters
    ----------
    register : Trials
    reject : callable
        Keeps messages that have no effect: of each its topic, payload, code (`zenata.store.dead_letters.REASONS`) and reason.
    """

    def __init__(self, register: Trials, reject: Reject) -> None:
        self._register, self._reject_all = register, reject
        self._rejected: list[tuple[str, bytes, str, str]] = []

    def take(self, topic: str, payload: bytes, *, may_wait: bool = False) -> bool:
        """Take a message, or reject it at the next `settle`; one that the broker delivers again has no effect.

        Returns
        -------
        bool
            Whether that is done. If not, which is only where it `may_wait`, it is to be tried again: a step is being made.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError
            If it can be neither taken nor rejected now.
        """
        if not payload:  # takes away what was retained
            return True
        try:
            pilot, trial = topics.parse_answer(topic)
            self._register.answer(trial, pilot, decode(payload, NewAnswers), patience=0)
        except TopicError as error:
            self._reject(topic, payload, "topic", str(error))
        except BodyError as error:
            self._reject(topic, payload, "schema", str(error))
        except TrialError as error:
            if may_wait and error.reason == "away":
                return False
            self._reject(topic, payload, "schema" if error.reason == "invalid" else "trial", str(error))
        return True

    def settle(self) -> None:
        """Store what was rejected; before it, no message may be acknowledged.

        All at once: one pilot's answers that have no effect, a hundred a second, would hold up everybody's for a commit each.

        Raises
        ------
        StoreError
            If it cannot be stored.
        """
        if self._rejected:
            self._reject_all(self._rejected)
            self._rejected = []

    def _reject(self, topic: str, payload: bytes, code: str, reason: str) -> None:
        self._rejected.append((topic, payload, code, reason))
