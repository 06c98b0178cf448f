"""A database of an InfluxDB: line protocol goes in, InfluxQL asks, and old points go.

What differs between versions 1, 2 and 3 is in `zenata.store.influx.flavours`.
"""

import gzip
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

import msgspec

from zenata.errors import StoreError
from zenata.store.influx.http import Answer, Http, reason_of
from zenata.store.influx.lines import bodies

_DROPPED = re.compile(r"\bdropped[ =](\d+)")
_GONE = 404  # status code


class Address(NamedTuple):
    """Which database of which server."""

    base: str
    bucket: str
    org: str
    near: bool


class Part(msgspec.Struct):
    """Rows of one measurement and, where grouped, of one set of tags; `values` are rows of `columns`."""

    columns: list[str]
    values: list[list[Any]] = []
    tags: dict[str, str] = {}


class _Result(msgspec.Struct):
    series: list[Part] = []
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str | None = None


class Cut(NamedTuple):
    """Points to remove: those of a measurement that have a tag, if one is named, from a time to another, if it is [ns]."""

    measurement: str
    tag: tuple[str, str] | None = None
    first: int | None = None
    last: int | None = None


class Refusal(NamedTuple):
    """What a server has against lines.

    Parameters
    ----------
    reason : str
        Its own.
    expired : int
        How many of them, the oldest, are older than its retention, where that is all that is wrong: the others are
        stored. Else 0, and nobody says reliably which lines are stored.
    """

    reason: str
    expired: int = 0

    @classmethod
    def of(cls, reason: str) -> "Refusal":
        """Read a reason, as 1.x (``points beyond retention policy dropped=2``) and 2.x give it."""
        dropped = _DROPPED.search(reason) if "retention policy" in reason else None
        return cls(reason, int(dropped[1]) if dropped else 0)


class Server(ABC):
    """One database of an InfluxDB.

    Parameters
    ----------
    address : Address
    http : Http
    token : str or None
    """

    write_path: ClassVar[str]
    scheme: ClassVar[str] = "Token"
    removes: ClassVar[bool] = True
    """Whether points can be removed at all."""

    def __init__(self, address: Address, http: Http, token: str | None) -> None:
        self.address = address
        self.http = http if token is None else http.with_headers(Authorization=self.authorization(token))
        self.token = token
        self._decoder = msgspec.json.Decoder(_Answer)

    def authorization(self, token: str) -> str:
        """Return the header that shows the token."""
        return f"{self.scheme} {token}"

    @abstractmethod
    def prepare(self) -> None:
        """Make the database if it is not there."""

    @abstractmethod
    def remove(self, cuts: Sequence[Cut]) -> None:
        """Remove points."""

    @abstractmethod
    def write_parameters(self) -> Mapping[str, str]:
        """Return the parameters that say where lines go."""

    def write(self, body: bytes, *, again: bool = True) -> "Refusal | None":
        """Write lines; durable when it returns.

        Returns
        -------
        Refusal or None
            What the server has against them, or some of them.

        Raises
        ------
        StoreError
            If it cannot write at all.
        """
        packed = {} if self.address.near else {"Content-Encoding": "gzip"}
        answer = self.http.ask(
            "POST",
            f"{self.write_path}?{urlencode(self.write_parameters())}",
            body=gzip.compress(body, 1) if packed else body,
            headers=packed,
        )
        if answer.status in {400, 413, 422}:
            return Refusal.of(reason_of(answer))
        if answer.status == _GONE and again:  # somebody has dropped the database
            self.prepare()
            return self.write(body, again=False)
        self.expect(answer)
        return None

    def insist(self, lines: Sequence[str]) -> None:
        """Write lines that nothing may be wrong with."""
        for begin, end in bodies(lines):
            if refusal := self.write("\n".join(lines[begin:end]).encode()):
                raise StoreError(f"InfluxDB at {self.http.base} refuses lines of our own: {refusal.reason}")

    def query(self, statements: Sequence[str]) -> list[list[Part]]:
        """Return what each statement has found; times are in nanoseconds."""
        if not statements:
            return []
        form = {"db": self.address.bucket, "epoch": "ns", "q": "; ".join(statements)}
        answer = self.http.ask("POST", "/query", form=form)
        self.expect(answer)
        document = self._decoder.decode(answer.body)
        for error in (document.error, *(result.error for result in document.results)):
            if error:
                raise StoreError(f"InfluxDB at {self.http.base} refuses a query: {error}")
        return [result.series for result in document.results]

    def expect(self, answer: Answer, *also: int) -> None:
        """Raise unless it went well, or as badly as it may."""
        if answer.status >= 300 and answer.status not in also:
            why = "refuses our token" if answer.status in {401, 403} else f"answers {answer.status}"
            raise StoreError(f"InfluxDB at {self.http.base} {why}: {reason_of(answer)}")
