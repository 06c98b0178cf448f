"""Answers over MQTT: taken as those over HTTP are; what does not count becomes a dead letter that says why."""

from collections.abc import Callable

from zenata.contract.decode import BodyError, decode
from zenata.contract.trials import NewAnswers
from zenata.control.trials import TrialError, Trials
from zenata.errors import TopicError
from zenata.wire import topics

Reject = Callable[[str, bytes, str, str], None]


class AnswerReceiver:
    """Takes the messages of `zenata.wire.topics.ANSWERS`.

    Parameters
    ----------
    register : Trials
    reject : callable
        Keeps a message that has no effect: its topic, payload, code (`zenata.store.dead_letters.REASONS`) and reason.
    """

    def __init__(self, register: Trials, reject: Reject) -> None:
        self._register, self._reject = register, reject

    def take(self, topic: str, payload: bytes, *, may_wait: bool = False) -> bool:
        """Take or reject a message; one that the broker delivers again has no effect.

        Returns
        -------
        bool
            Whether that is done. If not, which is only where it `may_wait`, it is to be tried again: a step is being made.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError, StoreError
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
