import logging
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.certificates import Authority, Made, encrypted
from zenata.errors import SetupError
from zenata.process.tls import Trust, certificate_of


@pytest.fixture(scope="module")
def made(authority: Authority) -> Made:
    return authority.issue("server")


@contextmanager
def server(made: Made) -> Iterator[int]:
    """A server that does nothing but shake hands with one client; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)

    def serve() -> None:
        connection = listener.accept()[0]
        with connection:
            try:
                with context.wrap_socket(connection, server_side=True) as line:
                    line.recv(1)
            except (ssl.SSLError, ConnectionError):
                pass  # the client did not like us

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def meet(trust: Trust, made: Made, name: str = "localhost") -> None:
    with server(made) as port, socket.create_connection(("127.0.0.1", port), 10) as connection:
        trust.context().wrap_socket(connection, server_hostname=name).close()


def test_without_settings_there_is_no_certificate():
    assert certificate_of(None, None) is None


def test_a_good_one_is_taken_without_a_word(made, caplog):
    found = certificate_of(made.cert, made.key)
    assert (found.cert, found.key, found.names) == (made.cert, made.key, ("localhost",))
    assert timedelta(days=364) < found.expires - datetime.now(UTC) <= timedelta(days=365)
    assert not caplog.records


def test_relative_paths_become_absolute(made, monkeypatch):
    monkeypatch.chdir(made.cert.parent)
    found = certificate_of(Path(made.cert.name), Path(made.key.name))
    assert (found.cert, found.key) == (made.cert, made.key)


def test_one_without_the_other_is_refused(made):
    with pytest.raises(SetupError, match="--tls-cert is set without --tls-key"):
        certificate_of(made.cert, None)
    with pytest.raises(SetupError, match="--tls-key is set without --tls-cert"):
        certificate_of(None, made.key)


@pytest.mark.parametrize("which", ["cert", "key"])
def test_a_file_that_is_not_there_is_named(made, tmp_path, which):
    files = {"cert": made.cert, "key": made.key, which: tmp_path / "none.pem"}
    with pytest.raises(SetupError, match=r"none\.pem cannot be read: No such file"):
        certificate_of(**files)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(made, tmp_path):
    key = Path(shutil.copy(made.key, tmp_path / "mine.key"))
    key.chmod(0)
    with pytest.raises(SetupError, match=r"mine\.key cannot be read: Permission denied"):
        certificate_of(made.cert, key)


def test_what_is_no_pem_is_named(made, tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xff\x00 no certificate")
    with pytest.raises(SetupError, match=r"--tls-cert .*junk holds no certificate in PEM"):
        certificate_of(junk, made.key)
    with pytest.raises(SetupError, match=r"--tls-key .*junk holds no private key in PEM"):
        certificate_of(made.cert, junk)
    junk.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(SetupError, match="junk"):
        certificate_of(junk, made.key)


def test_the_key_of_another_is_refused(authority, made):
    with pytest.raises(SetupError, match="is not the key of --tls-cert"):
        certificate_of(made.cert, authority.issue("other").key)


def test_an_encrypted_key_is_refused_rather_than_requested(made):
    with pytest.raises(SetupError, match=r"server\.locked is encrypted"):
        certificate_of(made.cert, encrypted(made.key))


@pytest.mark.parametrize(("days", "warning"), [(-1, "has expired on 20"), (3, "expires on 20"), (15, None)])
def test_dates_are_warned_of(authority, caplog, days, warning):
    made = authority.issue(f"of{days}", days=days)
    with caplog.at_level(logging.WARNING):
        assert certificate_of(made.cert, made.key)
    assert [warning in record.getMessage() for record in caplog.records] == ([True] if warning else [])


def test_an_authority_is_trusted_for_the_names_it_vouches_for(authority, made):
    meet(Trust(ca=authority.file), made)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        meet(Trust(ca=authority.file), made, name="elsewhere.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        meet(Trust(), made)


def test_an_expired_one_is_refused_by_others_and_not_by_ourselves(authority):
    made = authority.issue("expired", days=-1)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        meet(Trust(ca=authority.file), made)
    meet(Trust(certificate=made.cert), made)


def test_one_certificate_is_trusted_by_any_name_and_nothing_else_of_its_file(authority, made, tmp_path):
    meet(Trust(certificate=made.cert), made, name="10.0.0.1")
    chain = tmp_path / "chain.pem"
    chain.write_text(made.cert.read_text() + authority.file.read_text())
    meet(Trust(certificate=chain), made)
    with pytest.raises(ssl.SSLCertVerificationError):
        meet(Trust(certificate=chain), authority.issue("twin"))


def test_a_renewed_certificate_is_trusted_beside_the_one_of_before(authority, made, tmp_path):
    file = Path(shutil.copy(made.cert, tmp_path / "cert.pem"))
    trust = Trust(certificate=file)
    context, renewed = trust.context(), authority.issue("renewed")
    shutil.copy(renewed.cert, file)
    trust.renew(context)
    for one in (made, renewed):
        with server(one) as port, socket.create_connection(("127.0.0.1", port), 10) as connection:
            context.wrap_socket(connection).close()


@pytest.mark.parametrize("which", ["ca", "certificate"])
def test_a_file_of_trust_that_is_none_is_named(tmp_path, which):
    file = tmp_path / "trusted.pem"
    with pytest.raises(SetupError, match=r"trusted\.pem cannot be read"):
        Trust(**{which: file}).context()
    file.write_text("junk")
    with pytest.raises(SetupError, match=r"trusted\.pem holds no certificate"):
        Trust(**{which: file}).context()
