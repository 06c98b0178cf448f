"""What the tests of documents share."""

from collections.abc import Callable, Iterator

import pytest

from tests.system.running import RunningCity, forked_program


@pytest.fixture(scope="module")
def quick(live_city: RunningCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Let a command call a fork of `zenata` where it can: what runs on would not end with its caller.

    Cities that commands start fill in no past, which nobody waits for.
    """
    with pytest.MonkeyPatch.context() as patch, forked_program(tmp_path_factory.mktemp("program")) as program:
        patch.setenv("ZENATA_HISTORY_DAYS", "0")
        yield lambda command: command if "zenata up" in command else command.replace(".venv/bin/zenata", str(program))
