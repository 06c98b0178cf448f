"""Receive webhooks, and check that they come from the sandbox.

    python3 receiver.py FILE_WITH_THE_SECRET [PORT]

It needs nothing but Python. The signature is that of https://www.standardwebhooks.com, which has libraries for other
languages.
"""

import hmac
import json
import sys
import time
from base64 import b64decode, b64encode
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRET = b64decode(Path(sys.argv[1]).read_text().strip().removeprefix("whsec_"))
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 9090
TOLERANCE = 300  # an older delivery [s] may be one that somebody has overheard and sends again


class Handler(BaseHTTPRequestHandler):
    """Prints what is delivered."""

    def do_POST(self) -> None:
        """Take a delivery."""
        body = self.rfile.read(int(self.headers["content-length"]))
        is_genuine = self.is_genuine(body)
        if is_genuine:
            # The same id may come again, when an answer was lost: do each once.
            print(self.headers["webhook-id"], json.dumps(json.loads(body)), flush=True)
        self.send_response(204 if is_genuine else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def is_genuine(self, body: bytes) -> bool:
        """Return whether a body was signed with the secret, and just now."""
        id_, moment = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        if not moment.isdecimal() or abs(time.time() - int(moment)) > TOLERANCE:
            return False
        signed = b".".join([id_.encode(), moment.encode(), body])
        wanted = "v1," + b64encode(hmac.new(SECRET, signed, sha256).digest()).decode()
        return any(hmac.compare_digest(one, wanted) for one in self.headers.get("webhook-signature", "").split())

    def log_message(self, *_: object) -> None:
        """Say nothing but what was delivered."""


print(f"listening on http://127.0.0.1:{PORT}/", flush=True)
with suppress(KeyboardInterrupt):
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
