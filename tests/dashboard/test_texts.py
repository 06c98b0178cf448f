"""Texts of the page, held against what the API can say."""

import re
from typing import cast

from api.http.app import create_app
from api.http.context import Context
from api.http.metrics import is_audited
from tests.dashboard.browser import ROOT

_PARTS = re.compile(r"/v1|/\{\w+\}")


def test_every_call_of_the_audit_log_has_words_on_the_page() -> None:
    paths = create_app(cast("Context", None)).openapi()["paths"]  # routes alone make it
    calls = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    found = {f"{method} {path}" for method, path in calls if is_audited(method, path)}
    assert {"POST /v1/worlds", "DELETE /v1/worlds/{world}/events/{event}", "POST /v1/commands"} <= found
    texts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dashboard/src/texts/fr").iterdir())
    keys = {re.sub(r"[^a-z]+", "_", _PARTS.sub("", call).lower()) for call in found}
    assert [key for key in sorted(keys) if f"  audit_{key}: " not in texts] == []
