import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks import addresses
from api.webhooks.addresses import Backend, Lookups, UrlError, check_url, is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
INSIDE = [
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "5f00::1",
    "5f00:ffff::1",
    "100:0:0:1::1",  # RFC 9780
    "200::1",  # outside of what is given out, as the next three
    "1::1",
    "4000::1",
    "e000::1",
    "168.63.129.16",  # the host of a machine in Azure
    "ff02::1",
]
OLD_WAYS = ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "017700000001", "0x7f.1", "3232235521"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_hidden_in_another_is_as_public(address) -> None:
    for wrapped in (f"::ffff:{address}", f"64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"):
        assert is_public(ip_address(wrapped)) == is_public(address)


@pytest.mark.parametrize("host", [*INSIDE[:-1], *OLD_WAYS])
def test_a_url_that_says_an_address_inside_is_refused_at_once(host: str) -> None:
    url = f"http://[{host}]/" if ":" in host else f"http://{host}/"
    with pytest.raises(UrlError, match="private"):
        check_url(url, private=False)
    assert check_url(url, private=True).hostname


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://",
        "https:///path",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org/#here",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: other",
        "https://exämple.org/",
        "https://[::1/",
        "https://example.org/" + "x" * 2000,
    ],
)
def test_other_text_is_no_url(url: str) -> None:
    with pytest.raises(UrlError):
        check_url(url, private=True)


@given(st.text(max_size=60) | st.text(max_size=40).map("https://".__add__))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    try:
        parts = check_url(text, private=False)
    except UrlError as error:
        assert str(error)
    else:
        assert parts.hostname


def backend(*, private: bool) -> Backend:
    return Backend(Lookups(ThreadPoolExecutor(1)), "demo", private=private)


def connect(host: str, port: int, *, private: bool = False) -> int:
    """Connect and hang up; return the port that answered."""

    async def run() -> int:
        stream = await backend(private=private).connect_tcp(host, port, timeout=30)
        answered: int = stream.get_extra_info("server_addr")[1]
        await stream.aclose()
        return answered

    return asyncio.run(run())


@pytest.fixture
def port(receiver) -> int:
    return receiver.port


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", INSIDE[0], "::ffff:127.0.0.1", *OLD_WAYS[:6]])
def test_no_connection_is_made_to_the_inside_whatever_it_is_called(port: int, host: str) -> None:
    with pytest.raises(httpcore.ConnectError, match="no public address"):
        connect(host, port)


def test_a_name_that_leads_nowhere_is_refused_in_the_same_words(port: int) -> None:
    with pytest.raises(httpcore.ConnectError, match="no public address"):
        connect("nowhere.invalid", port)


def test_a_name_that_leads_outside_and_inside_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list:
        return [(0, 0, 0, "", ("8.8.8.8", port)), (0, 0, 0, "", ("127.0.0.1", port))]

    async def run() -> list:
        monkeypatch.setattr(socket, "getaddrinfo", both)
        return await backend(private=False)._resolve("two.example", port)

    assert asyncio.run(run()) == []


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_connected_to(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = []

    def rebinding(host: str, *_: object, **__: object) -> list:
        looked_up.append(host)
        return [(0, 0, 0, "", ("127.0.0.1" if len(looked_up) == 1 else "10.0.0.1", port))]

    async def run() -> tuple:
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "127.0.0.1")
        stream = await backend(private=False).connect_tcp("rebinding.example", port, timeout=5)
        try:
            return stream.get_extra_info("server_addr")
        finally:
            await stream.aclose()

    assert asyncio.run(run()) == ("127.0.0.1", port)
    assert looked_up == ["rebinding.example"]


def test_private_addresses_can_be_allowed(port: int) -> None:
    assert connect("localhost", port, private=True) == port
