"""A client that asks, and waits for the answers."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any, Self

import msgspec

from zenata.errors import BrokerError
from zenata.wire.address import Address
from zenata.wire.mqtt.publisher import Publisher

_PATIENCE = 5.0  # the longest an answer may take [s]


class _Answers(msgspec.Struct):
    responses: list[dict[str, Any]]


_DECODER = msgspec.json.Decoder(_Answers)


class Questions:
    """Asks on one topic and hears the answers on another, as brokers do that are managed by ``$CONTROL`` topics.

    A message is ``{"commands": [...]}`` and its answer ``{"responses": [...]}``. Whoever manages the broker hears every
    answer, so each command carries a word of its own as ``correlationData``, which comes back.

    Parameters
    ----------
    address : Address
    topic, answers : str
    """

    def __init__(self, address: Address, topic: str, answers: str) -> None:
        self._address, self._topic = address, topic
        self._heard = threading.Condition()
        self._word = ""
        self._found: Sequence[Mapping[str, Any]] = []
        self._publisher = Publisher(
            address, client_id=f"manager-{token_hex(8)}", filters=(answers,), on_message=self._listen
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, timeout: float) -> None:
        """Connect, trying for `timeout` [s].

        Raises
        ------
        BrokerError
            If the broker cannot be reached or refuses us.
        """
        self._publisher.connect(timeout)

    def ask(self, commands: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Have commands carried out in their order, and return the answer to each; one thread at a time.

        Raises
        ------
        BrokerError
            If no answer comes: what was done is then unknown.
        """
        word = token_hex(8)
        asked = {"commands": [{**command, "correlationData": word} for command in commands]}
        with self._heard:
            self._word, self._found = word, []
            self._publisher.publish(self._topic, msgspec.json.encode(asked))
            if not self._heard.wait_for(lambda: self._found, _PATIENCE):
                raise BrokerError(
                    f"the broker at {self._address} does not answer on {self._topic}: either it has not the plugin that "
                    "manages users, or we may not use it"
                )
            return self._found

    def close(self) -> None:
        """Disconnect."""
        self._publisher.close()

    def _listen(self, _topic: str, payload: bytes) -> None:
        with suppress(msgspec.MsgspecError):  # else it is no answer
            answers = _DECODER.decode(payload).responses
            with self._heard:
                if answers and all(answer.get("correlationData") == self._word for answer in answers):
                    self._found = answers
                    self._heard.notify_all()
