#!/bin/sh
# Guess: the same instant gives the same signature, whatever zone its datetime has.
# Seen: sign() drops the zone: 13:00+01:00 is signed as 13:00 UTC, so a receiver who has the right webhook-timestamp
#       refuses it. datetime.now() without a zone is right only where the computer's zone is UTC.
# Why here: our webhooks carry these headers; whoever signs a test of their receiver by this needs a time in UTC.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0
"$folder/venv/bin/python" - <<'END'
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

from standardwebhooks.webhooks import Webhook

webhook = Webhook(b64encode(b"no secret: a test of it.").decode())
noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
local = noon.astimezone(timezone(timedelta(hours=1)))
hour_later = noon + timedelta(hours=1)
in_utc, in_local, later = (webhook.sign("msg_1", time, '{"a": 1}') for time in (noon, local, hour_later))
print("standardwebhooks", version("standardwebhooks"), noon, in_utc, local, in_local, "one hour later", later)
assert noon == local and in_local != in_utc and in_local == later
END
