"""`zenata pilot` and `zenata key`, as whoever runs the sandbox types them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.init import first_keys, open_register
from sandbox.pilots import about
from sandbox.settings import Settings
from tests.sandbox.conftest import Run
from zenata.control.audit import Audit
from zenata.control.database import open_database
from zenata.control.keys import Role, Scope
from zenata.control.register import Register
from zenata.errors import SetupError
from zenata.process.supervisor import TRY_AGAIN

Ask = Callable[..., str]


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ZENATA_DATA_DIR", str(tmp_path))
    return Settings()


@pytest.fixture
def register(settings: Settings) -> Register:
    """The pilots as another process sees them."""
    return open_register(settings)


@pytest.fixture
def ask(run: Run) -> Ask:
    """Run a command that succeeds, and return what it prints for programs."""

    def ask(*words: str) -> str:
        code, out, err = run(*words)
        assert code == 0, err
        return out

    return ask


def test_a_pilot_is_added_with_a_key_that_works(ask: Ask, register: Register) -> None:
    key = ask("pilot", "add", "aqua", "--contact", "lina@example.org", "--theme", "water", "--quota", "worlds=2")
    register.refresh()
    principal = register.authenticate(key)
    assert principal is not None
    assert (principal.pilot, principal.role, principal.scopes) == ("aqua", Role.PILOT, frozenset(Scope))
    assert register.pilot("aqua").contact == "lina@example.org"
    assert register.quotas("aqua").worlds == 2
    assert "aqua" in ask("pilot", "list")


def test_a_key_can_be_for_reading_and_end(ask: Ask, register: Register) -> None:
    ask("pilot", "add", "aqua", "--role", "guest")
    key = ask("key", "add", "aqua", "board", "--scope", "read", "--expires", "2999-01-01T00:00:00Z")
    (board,) = register.keys("aqua", prefix=key)
    assert (board.name, board.scopes, board.user) == ("board", {Scope.READ}, "aqua_board")
    shown = ask("key", "list", "--prefix", key[:8])
    assert key[:9] in shown
    assert key not in shown
    assert shown.splitlines()[0].split() == ["PILOT", "KEY", "STATE", "NAME", "SCOPES", "UNTIL"]
    assert "2999-01-01" in shown.splitlines()[1]


def test_keys_are_rotated_and_revoked(ask: Ask, register: Register) -> None:
    first = ask("pilot", "add", "aqua")
    second = ask("key", "rotate", "aqua")
    register.refresh()
    assert register.authenticate(first) is None
    assert register.authenticate(second) is not None
    ask("key", "revoke", "aqua", "main")
    register.refresh()
    assert register.authenticate(second) is None
    assert [key.name for key in register.keys("aqua")] == ["main", "main"]


def test_the_file_of_a_first_key_is_that_of_its_successor(ask: Ask, settings: Settings, register: Register) -> None:
    first_keys(register, settings.data_dir)
    file = settings.data_dir / "demo.key"
    before = file.read_text().strip()
    after = ask("key", "rotate", "demo")
    assert after != before
    assert file.read_text().strip() == after
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_pilot_is_changed_suspended_and_resumed(ask: Ask, register: Register) -> None:
    key = ask("pilot", "add", "aqua", "--quota", "worlds=2", "--actuator", "water-0010")
    ask("pilot", "change", "aqua", "--quota", "worlds=default", "--quota", "messages_per_second=2.5", "--no-actuators")
    register.refresh()
    assert register.pilot("aqua").actuators == ()
    assert (register.quotas("aqua").worlds, register.quotas("aqua").messages_per_second) == (4, 2.5)
    ask("pilot", "suspend", "aqua", "--reason", "floods the broker")
    register.refresh()
    assert register.authenticate(key) is None
    assert "floods the broker" in ask("pilot", "show", "aqua")
    ask("pilot", "resume", "aqua")
    register.refresh()
    assert register.authenticate(key) is not None


@pytest.mark.usefixtures("register")
def test_a_grant_is_in_the_budget(ask: Ask) -> None:
    ask("pilot", "add", "aqua")
    ask("pilot", "grant", "aqua", "50000", "--note", "first instalment", "--date", "2026-11-23")
    shown = ask("pilot", "show", "aqua")
    assert "50,000.00 DH left" in shown
    assert "2026-11-23     50,000.00 DH  first instalment" in shown


@pytest.mark.usefixtures("register")
def test_what_is_done_is_in_the_audit_log(ask: Ask, settings: Settings) -> None:
    key = ask("pilot", "add", "aqua")
    ask("key", "rotate", "aqua")
    entries = Audit(open_database(settings.database_url)).entries()
    assert [(entry.who, entry.what, entry.target) for entry in entries] == [
        ("shell", "key.rotate", "aqua/main"),
        ("shell", "key.issue", "aqua/main"),
        ("shell", "pilot.add", "aqua"),
    ]
    assert key not in repr(entries)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("pilot", "add", "Aqua"), "'Aqua' cannot name a pilot"),
        (("pilot", "add", "ingest"), "that is the name of a service"),
        (("pilot", "add", "here"), "there is a pilot 'here' already"),
        (("pilot", "add", "a", "--expires", "2020-01-01"), "the key would have expired already"),
        (("pilot", "add", "a", "--expires", "soon"), "--expires: 'soon' is not a time: "),
        (("pilot", "add", "a", "--quota", "wishes=3"), "there is no quota 'wishes'"),
        (("pilot", "add", "a", "--quota", "worlds"), "--quota worlds: write it like requests_per_minute=600"),
        (("pilot", "add", "a", "--actuator", "moon-1"), "--actuator moon-1: there is no such device in the city"),
        (("pilot", "suspend", "gone", "--reason", "x"), "there is no pilot 'gone'"),
        (("pilot", "grant", "here", "much"), "'much' is no amount"),
        (("pilot", "grant", "here", "200000.01"), "up to 200,000 DH"),
        (("key", "add", "here", "main"), "here has a key 'main' already"),
        (("key", "rotate", "here", "gone"), "here has no key 'gone'"),
        (("key", "list", "--pilot", "gone"), "there is no pilot 'gone'"),
        (("key", "list", "--control-url", "nosql://x"), "the control data cannot be opened"),
    ],
)
def test_what_cannot_be_done_is_reported_in_a_line(
    run: Run, register: Register, words: tuple[str, ...], expected: str
) -> None:
    register.add("here", by="test")
    register.issue("here", by="test")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert expected in err
    assert [pilot.name for pilot in register.pilots()] == ["here"]


def test_no_key_is_issued_that_the_broker_would_never_know(
    run: Run, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.broker_users._TIMEOUT", 0.2)
    register.add("here", by="test")
    code, out, err = run("key", "add", "here", "main", "--broker-admin", "mqtt://a:b@127.0.0.1:9")
    assert (code, out) == (TRY_AGAIN, "")
    assert "127.0.0.1:9" in err
    assert register.keys("here") == []


def test_members_that_are_not_given_are_left_alone() -> None:
    nothing = about(contact=None, theme=None, edition=None, quotas=None, actuators=None)
    assert nothing == {}
    with pytest.raises(SetupError, match="--quota worlds=many"):
        about(contact=None, theme=None, edition=None, quotas=["worlds=many"], actuators=None)


@pytest.mark.parametrize(
    "words",
    [
        ("pilot", "add", "x"),
        ("pilot", "list"),
        ("pilot", "show", "x"),
        ("pilot", "suspend", "x", "--reason", "y"),
        ("pilot", "grant", "x", "1"),
        ("key", "add", "x", "web"),
        ("key", "list"),
    ],
)
def test_l2_a_folder_without_a_city_is_named_and_stays_empty(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "no city here" in err
    assert "--data-dir" in err
    assert list(tmp_path.iterdir()) == []
