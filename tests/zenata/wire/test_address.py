from pathlib import Path

import pytest

from zenata.errors import SetupError
from zenata.process.tls import Trust
from zenata.wire.address import Address, parse_url


def test_a_full_url():
    assert parse_url("mqtt://ann:p%40ss%2Fword@broker.example:1884") == Address(
        host="broker.example", port=1884, username="ann", password="p@ss/word"
    )


@pytest.mark.parametrize(("url", "port", "tls"), [("mqtt://h", 1883, False), ("mqtts://h", 8883, True)])
def test_default_ports(url, port, tls):
    address = parse_url(url)
    assert (address.port, address.tls, address.username) == (port, tls, None)


def test_the_nodes_of_a_cluster():
    address = parse_url("mqtt://ann:secret@one:1884,two,[::1]:1885")
    assert address.hosts == (("one", 1884), ("two", 1883), ("::1", 1885))
    assert (address.username, str(address)) == ("ann", "mqtt://one:1884,two:1883,::1:1885")


def test_whom_to_trust():
    assert parse_url("mqtts://h?ca=/etc/my%20ca.pem").trust == Trust(ca=Path("/etc/my ca.pem"))
    assert parse_url("mqtts://h,i?certificate=/c.pem").trust == Trust(certificate=Path("/c.pem"))
    assert parse_url("mqtts://h").trust == Trust()
    assert str(parse_url("mqtts://u:p@h?ca=/ca.pem")) == "mqtts://h:8883?ca=/ca.pem"


def test_what_to_connect_with():
    assert parse_url("mqtt://h").context() is None
    assert parse_url("mqtts://h").context().check_hostname
    with pytest.raises(SetupError, match=r"/none\.pem cannot be read"):
        parse_url("mqtts://h?ca=/none.pem").context()


@pytest.mark.parametrize("url", ["mqtt://h?ca=/ca.pem", "mqtts://h?ca=", "mqtts://h?insecure=true"])
def test_other_parameters_are_refused(url):
    with pytest.raises(SetupError, match=r"may end in \?ca=FILE or \?certificate=FILE"):
        parse_url(url)


@pytest.mark.parametrize(
    "url", ["", "h:1883", "http://h", "mqtt://", "mqtt://h:x", "mqtt://h:99999", "mqtt://h,", "mqtt://h,:1"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(SetupError, match="broker URL"):
        parse_url(url)


def test_a_password_is_never_shown():
    address = parse_url("mqtt://ann:hunter2@h")
    assert "hunter2" not in repr(address)
    assert str(address) == "mqtt://h:1883"
    with pytest.raises(SetupError) as caught:
        parse_url("mqtt://ann:hunter2@h:port")
    assert "hunter2" not in str(caught.value)
