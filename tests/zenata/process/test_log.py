import subprocess
import sys

import pytest

from zenata.process.log import MAX_MESSAGE, redacted

KEY = "zk_" + "aZ09_-x" * 6 + "y"  # of the form of a key, and the same at each run


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"the key {KEY} is unknown", "the key zk_... is unknown"),
        ("mqtts://ann:p%40ss@host:8883 is away", "mqtts://ann:...@host:8883 is away"),
        ("postgresql+psycopg://u:a:b@h/name", "postgresql+psycopg://u:...@h/name"),
        ("redis://:secret@h", "redis://:...@h"),
        (f"Authorization: Bearer {KEY}", "Authorization: ..."),
        ('{"password": "hunter2", "x": 1}', '{"password": "...", "x": 1}'),
        ("/write?db=x&password=hunter2&u=a", "/write?db=x&password=...&u=a"),
        ("sent token=abc; later", "sent token=...; later"),
        ("http://127.0.0.1:8080/v1/city at 10:15:00", "http://127.0.0.1:8080/v1/city at 10:15:00"),
        (f"http://h/#login={KEY.replace('zk_', 'zl_')}", "http://h/#login=zl_..."),
        (f"the cookie {KEY.replace('zk_', 'zs_')}", "the cookie zs_..."),
        ("the demo key zk_abc is shown once", "the demo key zk_abc is shown once"),
    ],
)
def test_what_looks_like_a_secret_is_left_out(text, shown):
    assert redacted(text) == shown


def test_lines_hold_no_secrets_and_cannot_be_forged():
    """In a process of its own, as logging is set up once."""
    script = f"""
import logging
from zenata.process.log import start_log
start_log()
log = logging.getLogger("x")
log.warning("from %s", "a\\n2026-01-01 00:00:00,000 ERROR x: forged\\x1b[2J")
log.warning("topic %s", "x" * 60_000)
try:
    raise OSError("mqtt://ann:hunter2@host and {KEY}")
except OSError:
    log.exception("failed with %s", "{KEY}")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, long, second, *traceback = done.stderr.splitlines()
    assert first.endswith(r"WARNING x: from a\n2026-01-01 00:00:00,000 ERROR x: forged\x1b[2J")
    assert len(long) < MAX_MESSAGE + 100
    assert long.endswith("(60,006 characters)")
    assert second.endswith("ERROR x: failed with zk_...")
    assert traceback[-1] == "OSError: mqtt://ann:...@host and zk_..."
    assert KEY not in done.stderr
