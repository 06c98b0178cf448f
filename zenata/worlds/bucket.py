"""Bucket: the keys and objects of a NATS cluster's JetStream, for code that is not asynchronous.

A write may demand that nothing under a filter of keys was written since a sequence number: so writers exclude each other.
"""

import asyncio
import base64
import contextlib
import json
import time
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_hex
from typing import Any

from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError
from nats.js.object_store import ObjectStore

from zenata.worlds.connection import PATIENCE, PAUSE, TRY, BucketError, Conflict, Connection

_PAGE, _PAGE_BYTES = 500, 8 << 20  # messages and bytes asked for at once
_STALE = 0.02  # pause before a replica that lags is asked again [s]
_REPLICAS = 3
_NOT_CLUSTERED, _WRONG_SEQUENCE, _IN_USE = 10074, 10071, 10058  # error codes of JetStream
_UNAVAILABLE = 503  # its code while it has no leader
_ID = "Nats-Msg-Id"


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """What a key holds.

    Parameters
    ----------
    key : str
    content : bytes
    sequence : int
        Of the write.
    """

    key: str
    content: bytes
    sequence: int


class Bucket(Connection):
    """Keys and objects, which are made where they are not there.

    Parameters
    ----------
    urls : str
        See `Connection`.
    name : str
        Of the bucket.

    Raises
    ------
    SetupError
        If it cannot be opened within `PATIENCE`.
    """

    def __init__(self, urls: str, name: str = "zenata-worlds") -> None:
        self._prefix, self._stream, self._name = f"$KV.{name}.", f"KV_{name}", name
        self._objects_stream = f"OBJ_{name}-objects"
        super().__init__(urls)

    def put(self, key: str, content: bytes, expected: tuple[str, int] | None = None) -> int:
        """Write a key; return the sequence number of the write.

        Parameters
        ----------
        key : str
        content : bytes
        expected : tuple of str and int, or None
            A filter of keys, and the sequence number of the last write under it; 0 for none.

        Raises
        ------
        Conflict
            If there was another write since.
        BucketError
            If nobody answers in time; whether it was written is then not known.
        """
        self._check_length(key, content)
        headers = {_ID: token_hex(12)}
        if expected is not None:
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = self._prefix + expected[0]
            headers["Nats-Expected-Last-Subject-Sequence"] = str(expected[1])
        deadline, tried = time.monotonic() + PATIENCE, False
        while True:
            try:
                ack = self._wait(self._js.publish(self._prefix + key, content, timeout=TRY, headers=headers), 2 * TRY)
            except (NatsError, OSError) as error:
                wrong = isinstance(error, APIError) and error.err_code == _WRONG_SEQUENCE
                if wrong and expected is not None:
                    last = self._last(expected[0]) or (0, "")
                    if tried and last[1] == headers[_ID]:
                        return last[0]  # an attempt before, whose answer was lost
                    if last[0] != expected[1]:
                        raise Conflict(f"{key} was not written: somebody else writes there") from error
                refused = isinstance(error, APIError) and error.code != _UNAVAILABLE and not wrong
                if refused or time.monotonic() > deadline:
                    raise BucketError(f"{key} cannot be written at {self.location} ({error!r})") from error
            else:
                return ack.seq
            tried = True
            time.sleep(PAUSE)

    def last(self, filter_: str) -> int:
        """Return the sequence number of the last write under a filter, as the leader of the cluster has it; 0 for none."""
        found = self._retried(lambda: self._last(filter_))
        return found[0] if found else 0

    def values(self, filter_: str) -> list[Value]:
        """Return all that keys under a filter hold now, in the order of writing.

        Any replica answers; one that lags behind what the leader has is asked again.
        """
        while True:
            last, found = self.last(filter_), self._matching(self._stream, self._prefix + filter_)
            if not last or (found and found[-1].sequence >= last):
                return [replace(one, key=one.key.removeprefix(self._prefix)) for one in found]
            time.sleep(_STALE)

    def purge(self, filter_: str) -> None:
        """Remove all keys under a filter."""
        self._retried(lambda: self._wait(self._js.purge_stream(self._stream, subject=self._prefix + filter_), TRY))

    def put_object(self, name: str, content: bytes) -> None:
        """Write an object."""
        self._retried(lambda: self._wait(self._objects.put(name, content), PATIENCE))

    def object(self, name: str) -> bytes | None:
        """Return what an object holds, or None if there is none.

        By direct reads: the library would make a consumer, which NATS may place on a server that is dead.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                info = self._retried(lambda: self._wait(self._objects.get_info(name), 2 * TRY))
            except NotFoundError:
                return None
            subject = f"$O.{self._name}-objects.C.{info.nuid}"
            content = b"".join(part.content for part in self._matching(self._objects_stream, subject))
            if len(content) == (info.size or 0):
                return content
            if time.monotonic() > deadline:
                raise BucketError(f"{name} has {len(content):,} of {info.size:,} bytes at {self.location}")
            time.sleep(_STALE)  # a replica lags, or it was replaced just now

    def remove_object(self, name: str) -> None:
        """Remove an object, if it is there."""

        async def remove() -> None:
            with contextlib.suppress(NotFoundError):
                await self._objects.delete(name)
            mark = base64.urlsafe_b64encode(name.encode()).decode()  # that it was deleted: one for each checkpoint
            await self._js.purge_stream(self._objects_stream, subject=f"$O.{self._name}-objects.M.{mark}")

        self._retried(lambda: self._wait(remove(), PATIENCE))

    def object_names(self, prefix: str) -> list[str]:
        """Return the names of the objects that begin so."""
        found = self._matching(self._objects_stream, f"$O.{self._name}-objects.M.>")
        infos = [json.loads(one.content) for one in found]
        return [info["name"] for info in infos if info["name"].startswith(prefix) and not info.get("deleted")]

    @property
    def _js(self) -> JetStreamContext:
        return self._client.jetstream(timeout=TRY)

    async def _open(self) -> None:
        await super()._open()
        deadline = time.monotonic() + PATIENCE - 1
        while True:
            try:
                self._objects: ObjectStore = await self._made(_REPLICAS)
            except (TimeoutError, NatsError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(PAUSE)
            else:
                return

    async def _made(self, replicas: int) -> ObjectStore:
        """Make both buckets if they are not there, on three nodes where there are as many."""
        config = StreamConfig(
            name=self._stream,
            subjects=[f"{self._prefix}>"],
            max_msgs_per_subject=1,
            allow_direct=True,
            allow_rollup_hdrs=True,
            num_replicas=replicas,
        )
        objects = f"{self._name}-objects"
        try:
            try:
                await self._js.add_stream(config)
            except APIError as error:
                if error.err_code != _IN_USE:  # with other settings, which an operator may have chosen
                    raise
            try:
                return await self._js.object_store(objects)
            except NotFoundError:
                return await self._js.create_object_store(objects, replicas=replicas)
        except APIError as error:
            if error.err_code == _NOT_CLUSTERED and replicas > 1:
                return await self._made(1)
            raise

    def _matching(self, stream: str, subject: str) -> list[Value]:
        """Return the messages of a stream that match a subject, as any replica has them."""
        found: list[Value] = []
        while True:
            first = found[-1].sequence + 1 if found else 1
            request = {"seq": first, "next_by_subj": subject, "batch": _PAGE, "max_bytes": _PAGE_BYTES}
            page, pending = self._retried(partial(self._page, stream, request))
            found += page
            if not pending:
                return found

    def _page(self, stream: str, request: dict[str, Any]) -> tuple[list[Value], int]:
        return self._wait(self._direct(stream, request), PATIENCE)

    async def _direct(self, stream: str, request: dict[str, Any]) -> tuple[list[Value], int]:
        """Read messages from any replica, and how many more there are (ADR-31 of NATS)."""
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox)
        try:
            subject = f"$JS.API.DIRECT.GET.{stream}"
            await self._client.publish(subject, json.dumps(request).encode(), reply=inbox)
            found: list[Value] = []
            while True:
                message = await subscription.next_msg(TRY)
                headers = message.headers or {}
                if status := headers.get("Status"):
                    if status in {"204", "404"}:
                        return found, int(headers.get("Nats-Num-Pending", 0))
                    raise NoRespondersError if status == "503" else NatsTimeout
                sequence = int(headers["Nats-Sequence"])
                found.append(Value(key=headers["Nats-Subject"], content=message.data, sequence=sequence))
        finally:
            await subscription.unsubscribe()

    def _last(self, filter_: str) -> tuple[int, str] | None:
        """Return sequence number and id of the last write under a filter, from the leader."""
        try:
            found = self._wait(self._js.get_last_msg(self._stream, self._prefix + filter_), 2 * TRY)
        except NotFoundError:
            return None
        return found.seq or 0, (found.headers or {}).get(_ID, "")
