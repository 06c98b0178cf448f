"""How a delivery shows that it is ours, and is no older one sent again.

References
----------
Standard Webhooks 1.0 (https://www.standardwebhooks.com): headers ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, of which any of its libraries verifies the last.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from hashlib import sha256

_PREFIX = "whsec_"


def new_secret() -> str:
    """Return a secret of 256 random bits."""
    return _PREFIX + b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign a delivery.

    Parameters
    ----------
    secret : str
        As `new_secret` makes it.
    id_ : str
        Of the delivery, the same at every attempt.
    timestamp : int
        Of the attempt [s since the Unix epoch].
    body : bytes
    """
    signed = b".".join([id_.encode(), str(timestamp).encode(), body])
    digest = hmac.new(b64decode(secret.removeprefix(_PREFIX)), signed, sha256).digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + b64encode(digest).decode(),
    }
