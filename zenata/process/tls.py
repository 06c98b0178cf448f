"""TLS: the certificate that our servers show, and what our clients trust.

Two settings, `tls_cert` and `tls_key`, turn it on for HTTP, MQTT and MQTT over WebSocket at once. The services of one
machine reach each other by an address that need not be in the certificate, so they trust exactly that one certificate
and nothing else (`Trust`): a server that shows it has its key. Everybody else checks names, dates and a chain as usual.

References
----------
RFC 5246, RFC 8446 (TLS 1.2 and 1.3); RFC 5280 section 6 (path validation).
"""

import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

from zenata.errors import SetupError

log = logging.getLogger(__name__)

SOON = timedelta(days=14)
"""Time before a certificate expires from which on we warn."""

_END = "-----END CERTIFICATE-----"
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """A certificate with its key, as files that have been checked.

    Parameters
    ----------
    cert : Path
        PEM: the certificate, then those that lead to its authority.
    key : Path
        PEM, not encrypted.
    names : tuple of str
        Hosts that it is for; ``*.example`` is any under it.
    expires : datetime
        UTC.
    """

    cert: Path
    key: Path
    names: tuple[str, ...]
    expires: datetime

    @property
    def stamp(self) -> tuple[int, ...]:
        """When each file was last written [ns since the Unix epoch]; others after a renewal."""
        with suppress(FileNotFoundError):  # it is being replaced
            return tuple(file.stat().st_mtime_ns for file in (self.cert, self.key))
        return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """Whom a client takes for the server it wants: by default whoever the authorities of the system vouch for.

    Parameters
    ----------
    ca : Path or None
        PEM: these authorities vouch, rather than those of the system.
    certificate : Path or None
        PEM: exactly its first certificate, whatever name and dates it has.
    """

    ca: Path | None = None
    certificate: Path | None = None

    @classmethod
    def of_query(cls, query: str) -> Self | None:
        """Read ``ca=FILE`` or ``certificate=FILE`` of a URL; None if it says anything else."""
        files = dict(parse_qsl(query, keep_blank_values=True))
        if not files.keys() <= {"ca", "certificate"} or not all(files.values()):
            return None
        return cls(**{name: Path(file) for name, file in files.items()})

    def context(self) -> ssl.SSLContext:
        """Return what a client connects with.

        Raises
        ------
        SetupError
            If a file cannot be read, or holds no certificate.
        """
        if self.certificate is None:
            return _verifying(self.ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        # The one certificate need not be an authority's. That it has expired is for strangers to mind: the city would
        # else stop by itself in the night in which it does.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
        self.renew(context)
        return context

    def renew(self, context: ssl.SSLContext) -> None:
        """Trust what the file holds now too: a certificate is renewed while we run.

        Raises
        ------
        SetupError
            If it cannot be read, or holds no certificate.
        """
        if self.certificate is None:
            return
        try:
            context.load_verify_locations(cadata=_first(_text(self.certificate)))
        except ssl.SSLError as error:
            raise SetupError(f"{self.certificate} holds no certificate in PEM") from error


def certificate_of(cert: Path | None, key: Path | None) -> Certificate | None:
    """Return the certificate of two settings, once it is known to be usable; None if neither is given.

    One that has expired, or soon will, is warned of: a city behind it still serves whoever does not mind.

    Raises
    ------
    SetupError
        If one is given without the other, a file cannot be read, or the key is not that of the certificate.
    """
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        here, lacking = ("--tls-cert", "--tls-key") if key is None else ("--tls-key", "--tls-cert")
        raise SetupError(f"{here} is set without {lacking}: TLS needs both")
    seen = _peer_certificate(cert, _serving(cert, key))
    found = Certificate(
        cert=cert.absolute(),
        key=key.absolute(),
        names=tuple(name for kind, name in seen.get("subjectAltName", ()) if kind in {"DNS", "IP Address"}),
        expires=datetime.fromtimestamp(ssl.cert_time_to_seconds(seen["notAfter"]), UTC),
    )
    left = found.expires - datetime.now(UTC)
    if left <= timedelta(0):
        log.warning(
            "the certificate %s has expired on %s: clients refuse it; renew it", cert, f"{found.expires:%Y-%m-%d}"
        )
    elif left < SOON:
        log.warning("the certificate %s expires on %s: renew it", cert, f"{found.expires:%Y-%m-%d}")
    return found


def _serving(cert: Path, key: Path) -> ssl.SSLContext:
    """Return what a server would use, or say what is wrong with the files."""
    try:
        _first(_text(cert))
    except ssl.SSLError as error:
        raise SetupError(f"--tls-cert {cert} holds no certificate in PEM") from error
    if "PRIVATE KEY-----" not in _text(key):
        raise SetupError(f"--tls-key {key} holds no private key in PEM")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def ask() -> str:
        raise SetupError(f"--tls-key {key} is encrypted: nobody is there to type its passphrase when the city starts")

    try:
        context.load_cert_chain(cert, key, password=ask)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SetupError(f"--tls-key {key} is not the key of --tls-cert {cert}") from error
        raise SetupError(f"--tls-cert {cert} and --tls-key {key} cannot be used: {error.reason or error}") from error
    return context


def _verifying(ca: Path | None) -> ssl.SSLContext:
    if ca is not None:
        _text(ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise SetupError(f"{ca} holds no certificate in PEM") from error


def _peer_certificate(cert: Path, server: ssl.SSLContext) -> dict[str, Any]:
    """Return what a client sees of a certificate, by a handshake in memory: Python reads certificates in no other way."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        Trust(certificate=cert).context().wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
            if not end.server_side:
                client = end
    return client.getpeercert() or {}


def _first(text: str) -> str:
    """Return the first certificate of a file; raises `ssl.SSLError` if there is none."""
    begin, end = text.find("-----BEGIN CERTIFICATE-----"), text.find(_END)
    if not 0 <= begin < end:
        raise ssl.SSLError("no certificate")
    return text[begin : end + len(_END)] + "\n"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
