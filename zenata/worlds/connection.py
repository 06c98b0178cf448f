"""Connection to a NATS cluster for code that is not asynchronous: requests and answers, and calls that are tried again."""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js.errors import NotFoundError

from zenata.errors import SetupError
from zenata.process.tls import Trust

PATIENCE = 20.0
"""How long a call is tried again while the cluster has no leader or no connection [s]."""

TRY = 2.0
"""For one attempt [s]."""

PAUSE = 0.2
"""Between two attempts [s]."""

_CHUNK = 400_000  # of a message that is longer than NATS takes: 1 MiB by default, with its headers [bytes]
_HEADERS = 1000  # that a message may have [bytes]
_MORE = "Zenata-More"  # header of a part of an answer that is not the last
_THREADS = 32  # of handlers

T = TypeVar("T")


class BucketError(SetupError):
    """The cluster does not carry out a request."""


class Conflict(BucketError):  # noqa: N818 - it names what happened
    """Somebody else has written under the filter."""


class Away(BucketError):  # noqa: N818 - it names what happened
    """Nobody answers."""


class Connection:
    """A connection, with an event loop in a thread of its own; any thread may call it.

    Parameters
    ----------
    urls : str
        ``nats://user:password@host:port``, several with commas between; ``tls://`` means TLS. With that the authorities of
        the system vouch for a server; ``?ca=FILE`` behind the last one names others, and ``?certificate=FILE`` the one
        certificate that each must show.

    Raises
    ------
    SetupError
        If it cannot be opened within `PATIENCE`.
    """

    def __init__(self, urls: str) -> None:
        self.servers, self._tls = _parsed(urls)
        self._trouble: Exception | None = None  # the last of connecting
        self._client, self._loop = Client(), asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="control")
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        try:
            self._wait(self._open(), PATIENCE)
        except (NatsError, OSError) as error:
            self.close()
            raise self._no_answer(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def location(self) -> str:
        """Its addresses, without passwords."""
        return ", ".join(f"{(url := urlsplit(server)).hostname}:{url.port or 4222}" for server in self.servers)

    def close(self) -> None:
        """Let go of the cluster."""
        with contextlib.suppress(NatsError, OSError, asyncio.CancelledError):
            self._wait(self._end(), 2 * TRY)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def request(self, subject: str, content: bytes, timeout: float) -> bytes:
        """Ask whoever serves a subject, and return the answer.

        Raises
        ------
        Away
            If nobody serves it, or the answer does not come in time [s].
        BucketError
            If the request is longer than NATS takes.
        """
        self._check_length("a request", content)
        try:
            return self._wait(self._request(subject, content, timeout), timeout + TRY)
        except NoRespondersError as error:
            raise Away("nobody serves it") from error
        except (NatsError, OSError) as error:
            raise Away(f"no answer within {timeout:.0f} s ({error!r})") from error

    def serve(self, subject: str, handle: Callable[[bytes], bytes]) -> Callable[[], None]:
        """Answer requests, each in a thread; return how to end that. Of several who serve one subject one answers."""

        async def take(message: Msg) -> None:
            answer = await self._loop.run_in_executor(self._pool, handle, message.data)
            parts = [answer[first : first + _CHUNK] for first in range(0, len(answer), _CHUNK)] or [b""]
            for number, part in enumerate(parts, 1):
                await self._client.publish(message.reply, part, headers={_MORE: "1"} if number < len(parts) else None)

        async def on_message(message: Msg) -> None:  # nats-py awaits it, and one slow request must hold up no other
            task = self._loop.create_task(take(message))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        tasks: set[asyncio.Task[None]] = set()
        subscription = self._wait(self._client.subscribe(subject, queue="hosts", cb=on_message), TRY)
        self._wait(self._client.flush(), TRY)

        def end() -> None:
            with contextlib.suppress(NatsError, OSError):
                self._wait(subscription.unsubscribe(), TRY)

        return end

    def _no_answer(self, error: Exception) -> Away:
        return Away(
            f"no NATS with JetStream answers at {self.location} ({self._trouble or error!r}): check --join, and that its user "
            "may use JetStream"
        )

    async def _open(self) -> None:
        await self._client.connect(
            servers=self.servers,
            connect_timeout=int(TRY),
            max_reconnect_attempts=-1,
            reconnect_time_wait=PAUSE,  # type: ignore[arg-type]  # it sleeps so long, whatever it says
            ping_interval=5,
            error_cb=self._note,
            allow_reconnect=True,
            tls=self._tls,
            tls_handshake_first=self._tls is not None,
        )

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await self._client.close()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _request(self, subject: str, content: bytes, timeout: float) -> bytes:
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, pending_bytes_limit=0)
        try:
            await self._client.publish(subject, content, reply=inbox)
            parts, deadline = [], time.monotonic() + timeout
            while True:
                message = await subscription.next_msg(max(deadline - time.monotonic(), 0.001))
                headers = message.headers or {}
                if headers.get("Status") == "503":
                    raise NoRespondersError
                parts.append(message.data)
                if _MORE not in headers:
                    return b"".join(parts)
        finally:
            await subscription.unsubscribe()

    async def _note(self, error: Exception) -> None:
        """Leave an error of the connection to the library, which tries again by itself; callers get their own."""
        self._trouble = error

    def _check_length(self, what: str, content: bytes) -> None:
        """Refuse what is longer than the server takes (``max_payload``), less some room for headers."""
        if len(content) > (limit := self._client.max_payload - _HEADERS):
            raise BucketError(f"{what} has {len(content):,} bytes, and NATS takes up to {limit:,}")

    def _retried(self, act: Callable[[], T]) -> T:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except NotFoundError:
                raise
            except (NatsError, OSError) as error:
                if time.monotonic() > deadline:
                    raise BucketError(f"{self.location} does not answer ({error!r})") from error
            time.sleep(PAUSE)

    def _wait(self, call: Coroutine[Any, Any, T], timeout: float) -> T:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(timeout)


def _parsed(urls: str) -> tuple[list[str], ssl.SSLContext | None]:
    """Return addresses, and what to connect with; None is without TLS.

    With TLS nothing is said before it: the library would take the word of whoever answers that there is none, and send the
    password as it is.
    """
    addresses, _, query = urls.partition("?")
    servers = [url if "://" in url else f"nats://{url}" for url in addresses.split(",") if url]
    schemes, trust = {urlsplit(url).scheme for url in servers}, Trust.of_query(query)
    if schemes not in ({"nats"}, {"tls"}) or not all(urlsplit(url).hostname for url in servers):
        raise SetupError(
            "--join takes addresses of a NATS cluster: nats://user:password@host:4222,nats://host2:4222, or tls:// for all"
        )
    if trust is None or (query and schemes != {"tls"}):
        raise SetupError("--join may end in ?ca=FILE or ?certificate=FILE, if it is tls://, and in nothing else")
    return servers, trust.context() if schemes == {"tls"} else None
