"""What holds for every test."""

import gc
import os
import re
import ssl
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.certificates import Authority
from tests.clocks import StandingClock
from tests.system.running import RunningCity, running_city
from tests.zenata.broker.running import Running, running_broker, standard_users
from zenata.store import open_store
from zenata.store.base import Store
from zenata.store.duckdb import file as duckdb_file

if TYPE_CHECKING:
    from zenata.city.model import City

gc.disable()  # until all is collected: it would look through a million objects that stay, again and again

# Every program that tests start, and every worker, would compile all our modules anew: a third of its start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_SHM = Path("/dev/shm")  # noqa: S108 - pytest makes private folders there
_ROOM = 6 * 2**30  # what a whole run leaves there until its end is about 1 GB


def _use_memory() -> None:
    """Let what tests write go to memory if there is plenty: databases that wait for a disk took a third of the time."""
    room = min(psutil.disk_usage(str(_SHM)).free if _SHM.is_dir() else 0, psutil.virtual_memory().available)
    if "TMPDIR" not in os.environ and room > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_SHM)  # programs that tests start inherit it


_use_memory()

# How long an example takes says something of the machine, and nothing of the code. `make soak` tries many more.
settings.register_profile(
    "zenata",
    max_examples=int(os.environ.get("ZENATA_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("zenata")

_make_context = httpx._transports.default.create_ssl_context


@cache
def _usual_context(trust_env: bool, *_: str | None) -> ssl.SSLContext:
    return _make_context(trust_env=trust_env)


def _context(verify: ssl.SSLContext | str | bool = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """Read the usual authorities once, not for each of thousands of clients: that takes 30 ms of processor."""
    if verify is True and cert is None:
        return _usual_context(trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return _make_context(verify, cert, trust_env)


httpx._transports.default.create_ssl_context = _context

_make_store = duckdb_file._make


@cache
def _new_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _make_store(Path(folder, "readings.duckdb"))
        return Path(folder, "readings.duckdb").read_bytes()


def _copy_store(path: Path) -> None:
    """Make the file of a new store, a copy of one that was made in earnest: that takes 55 ms of processor, some 500 times."""
    path.write_bytes(_new_store())


duckdb_file._make = _copy_store

_SHOWN = 10  # so many of the slowest files are named at the end
_seconds: Counter[str] = Counter()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core, as tests of whole cities wait about as long as they compute; fewer where memory is short."""
    cores = (os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()) or 1
    return max(
        1, min(2 * cores, psutil.virtual_memory().available // 2**31)
    )  # one takes 1 GB, and a city a third of it


class _ByFixtures(LoadScopeScheduling):
    """Keeps on one worker what shares fixtures; whole cities that share nothing are divided, test by test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _group_of(file) or nodeid


@cache
def _group_of(file: str) -> str:
    """Return with which tests a file is kept together; empty if each of its tests is a city of its own."""
    text = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
    if re.search(r"\blive_city\b", text):
        return "live city, documents" if file.startswith("tests/docs/") else "live city"
    shares = "mark.slow" not in text or "scope=" in text
    return file if shares else ""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Divide the tests among workers by what they share."""
    return _ByFixtures(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for `make soak`; begin with what takes long, so that no worker is left alone with it in the end."""
    if "soak" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, not _live_city_of(item), _live_city_of(item)))


def pytest_collection_finish() -> None:
    """Leave what lives until the end out of garbage collection: all modules, and thousands of tests."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def pytest_sessionfinish() -> None:
    """Collect again, or libraries complain of leaks when the process ends."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def zenata() -> "City":
    """The city of Zenata, loaded once."""
    from sandbox.parts import city_of

    return city_of("zenata")


@pytest.fixture
def one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no midnight (UTC) come while a test runs: what is counted by the day would begin anew."""
    for module in ("api.worlds.routes", "ingest.quotas", "zenata.control.trials"):
        monkeypatch.setattr(f"{module}._DAY", 2**62)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An embedded broker that the tests of a module share."""
    with running_broker("nats", tmp_path_factory.mktemp("nats"), standard_users("nats")) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    with closing(open_store(f"duckdb:///{tmp_path}/readings.duckdb")) as store:
        yield store


@pytest.fixture
def clock() -> StandingClock:
    """A clock that stands still."""
    return StandingClock()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that issues certificates."""
    return Authority(tmp_path_factory.mktemp("ca"))


_live_cities = ExitStack()
_live_city: list[RunningCity] = []


def _live_city_of(item: pytest.Item | None) -> str:
    """Return which live city the tests of a file share; empty if none."""
    group = _group_of(item.nodeid.partition("::")[0]) if item else ""
    return group if group.startswith("live city") else ""


@pytest.fixture(scope="module")
def live_city(tmp_path_factory: pytest.TempPathFactory) -> RunningCity:
    """A live city in a folder as a user has it after `make up`. Tests may use it, and must leave it running as it was."""
    if not _live_city:
        folder = tmp_path_factory.mktemp("live")
        for name, target in ((".venv", sys.prefix), ("docs", Path(__file__).parents[1] / "docs")):
            (folder / name).symlink_to(target)
        _live_city.append(_live_cities.enter_context(running_city(folder / ".zenata", "--webhook-private")))
    return _live_city[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Stop the live city after the last test that shares it: one that nobody looks at takes a fifth of a core."""
    yield
    if _live_city and _live_city_of(nextitem) != _live_city_of(item):
        _live_city.clear()
        _live_cities.close()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what each file takes; with workers, the controller hears all reports."""
    _seconds[report.nodeid.partition("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the slowest files."""
    terminalreporter.section(f"the {_SHOWN} slowest files")
    for file, seconds in _seconds.most_common(_SHOWN):
        terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
