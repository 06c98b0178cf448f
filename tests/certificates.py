"""Authorities and certificates for tests, made by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate and its key, as files."""

    cert: Path
    key: Path


class Authority:
    """One that vouches for servers: its certificate is `file`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.file, self._key = folder / "ca.pem", folder / "ca.key"
        _openssl(
            *(
                "req",
                "-x509",
                *_NEW,
                "-keyout",
                self._key,
                "-out",
                self.file,
                "-days",
                "3650",
                "-subj",
                "/CN=authority",
            ),
            *("-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(self, name: str, *, host: str = "localhost", days: int = 365) -> Made:
        """Issue a certificate for a host; of negative `days` it has expired already."""
        made = Made(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        alternative = f"IP:{host}" if host.replace(".", "").isdigit() else f"DNS:{host}"
        extensions.write_text(
            f"subjectAltName={alternative}\nbasicConstraints=critical,CA:false\n"
            "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\nextendedKeyUsage=serverAuth\n"
        )
        _openssl("req", *_NEW, "-keyout", made.key, "-out", request, "-subj", f"/CN={host}")
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial"),
            *("-out", made.cert, "-days", str(days), "-extfile", extensions),
        )
        return made


_NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def encrypted(key: Path) -> Path:
    """Write a key with a passphrase beside it."""
    file = key.with_suffix(".locked")
    _openssl("pkcs8", "-topk8", "-in", key, "-out", file, "-passout", "pass:secret")
    return file


def _openssl(*args: object) -> None:
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)
