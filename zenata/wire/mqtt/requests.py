"""Client that sends requests over MQTT and waits for the responses."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

import msgspec

from zenata.errors import BrokerError
from zenata.wire.address import Address
from zenata.wire.mqtt.publisher import Publisher

_PATIENCE = 5.0  # for a response [s]


class _Responses(msgspec.Struct):
    responses: list[dict[str, Any]]


_DECODER = msgspec.json.Decoder(_Responses)


class RequestClient(Publisher):
    """Publishes requests on one topic and reads the responses on another, as brokers with ``$CONTROL`` topics do.

    A request is ``{"commands": [...]}``, a response ``{"responses": [...]}``. All who manage the broker receive every
    response, so each command carries a random ``correlationData``, which comes back.

    Parameters
    ----------
    address : Address
    topic, responses : str
    """

    def __init__(self, address: Address, topic: str, responses: str) -> None:
        super().__init__(address, client_id=f"manager-{token_hex(8)}", filters=(responses,), on_message=self._listen)
        self._topic = topic
        self._changed = threading.Condition()
        self._correlation = ""
        self._received: Sequence[Mapping[str, Any]] = []

    def request(self, commands: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Have commands carried out in their order, and return the response to each; one thread at a time.

        Raises
        ------
        BrokerError
            If no response comes: what was done is then unknown.
        """
        correlation = token_hex(8)
        request = {"commands": [{**command, "correlationData": correlation} for command in commands]}
        with self._changed:
            self._correlation, self._received = correlation, []
            self.publish(self._topic, msgspec.json.encode(request))
            if not self._changed.wait_for(lambda: self._received, _PATIENCE):
                raise BrokerError(
                    f"the broker at {self._address} does not answer on {self._topic}: either it has not the plugin that "
                    "manages users, or we may not use it"
                )
            return self._received

    def _listen(self, _topic: str, payload: bytes) -> None:
        with suppress(msgspec.MsgspecError):  # else it is no response
            responses = _DECODER.decode(payload).responses
            with self._changed:
                if responses and all(one.get("correlationData") == self._correlation for one in responses):
                    self._received = responses
                    self._changed.notify_all()
