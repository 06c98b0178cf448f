"""Whatever the OpenAPI document lets one ask is answered as the document says, and never with an error of ours.

Schemathesis makes the requests: the examples, every limit of every parameter from both sides, as a pilot; in `make soak` as an
administrator with PostgreSQL too, and random ones.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.running import MINUTES, Api, batch_of, series_of
from tests.api.simulators import Simulators, running_with
from tests.zenata.control.databases import running_postgres

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


LIMITS = "examples,coverage"
"""Phases of Schemathesis that need no chance."""

SOAK = 20
"""Random requests of each operation, in `make soak`."""


@pytest.fixture
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """The API, with its control data in a database of this kind."""
    with ExitStack() as stack:
        control = stack.enter_context(running_postgres()) if request.param == "postgresql" else None
        api = stack.enter_context(running_with(Simulators(), tmp_path / "worlds", control))
        api.store.append(batch_of(series_of(api.city), range(MINUTES)))
        yield api


@pytest.mark.slow
@pytest.mark.parametrize(
    ("api", "role", "phases", "least"),
    [
        ("sqlite", "pilot", LIMITS, 900),
        pytest.param("sqlite", "pilot", f"{LIMITS},fuzzing", 3000, marks=pytest.mark.soak),
        pytest.param("postgresql", "admin", f"{LIMITS},fuzzing", 3000, marks=pytest.mark.soak),
    ],
    indirect=["api"],
    ids=["pilot", "pilot, long", "admin, long"],
)
def test_every_answer_is_as_documented(api: Api, role: str, phases: str, least: int, tmp_path: Path) -> None:
    with api.client() as client:
        refused = client.post("/v1/webhooks", content=b"\xff\xfe", headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["parameter"]) == (422, "body")
    secret = api.secrets[role]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{api.url}/openapi.json",
            *("--header", f"Authorization: Bearer {secret}", "--checks", ",".join(CHECKS)),
            *("--phases", phases, "--max-examples", str(SOAK), "--generation-deterministic"),
            *("--no-shrink", "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off"),
            *("--request-timeout", "60"),
            # Streams never end; a step of a trial waits for a world that no simulators run here (tests/api/trials).
            *("--exclude-path-regex", r"^/v1/(stream|frame/stream|trials/\{trial\}/step)$"),
        ],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout.replace(secret, "zk_...")
    summary = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert summary is not None
    assert int(summary[2]) > least
