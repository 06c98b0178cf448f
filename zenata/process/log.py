"""Log format of every process: redacts secrets, and keeps one message on one line.

Our own messages name no secrets. This is for what others put into an error: a URL with a password, a key in the place of
a name.

References
----------
CWE-117 (improper output neutralization for logs), CWE-532 (insertion of sensitive information into a log file).
"""

import logging
import re

MAX_MESSAGE = 2_000
"""Characters of a message that are written: what others have put into it may be long. A default."""

_SECRETS = (
    (re.compile(r"\b(z[ksl]_)[A-Za-z0-9_-]{4,}"), r"\1..."),  # a key of a pilot, a session, a link to log in
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), r"\1:...@"),  # the password in a URL
    (
        re.compile(
            r"(?i)\b(authorization|token|password|secret)(\"?\s*[:=]\s*\"?)(bearer |token |basic )?[^\s\"',;&]+"
        ),
        r"\1\2...",
    ),
)


def redacted(text: str) -> str:
    """Return a text without what looks like a secret."""
    for pattern, rest in _SECRETS:
        text = pattern.sub(rest, text)
    return text


def start_log() -> None:
    """Log to the standard error, from now on and in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs each of its parts at every start


class _Formatter(logging.Formatter):
    """One line a message, whatever somebody has put into it; a traceback follows in lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name in `logging`
        if (size := len(record.message)) > MAX_MESSAGE:
            record.message = f"{record.message[:MAX_MESSAGE]}... ({size:,} characters)"
        record.message = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in record.message)
        return super().formatMessage(record)
