from pathlib import Path

import pytest

from scripts.changed_tests import mirrors_of


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("zenata/wire/senml.py", ["tests/zenata/wire/test_senml.py"]),
        ("zenata/wire/__init__.py", ["tests/zenata/wire"]),
        ("client/zenata_client/plan.py", ["tests/client/test_plan.py"]),
        ("tests/zenata/wire/test_senml.py", ["tests/zenata/wire/test_senml.py"]),
        ("docs/live.md", []),
    ],
)
def test_a_changed_file_leads_to_the_tests_that_mirror_it(file, tests):
    assert [str(test) for test in mirrors_of(Path(file))] == tests
