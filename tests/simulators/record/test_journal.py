import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.events.base import Event
from simulators.record.journal import Entry, Journal, Order
from zenata.errors import SetupError
from zenata.worlds.files import FolderFiles

ORDER = Entry(at=1, order=Order(id="a", kind="streetlight", sensor="streetlight-0001", set={"dim": 0.5}, by="demo"))
EVENT = Entry(at=2, event=Event(id="leak-1", type="leak", start=3, end=4, parameters={"target": "street-0001"}))
ENTRIES = [ORDER, EVENT, Entry(at=3, every=20_000_000), Entry(at=4, restart=5)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def test_what_is_written_is_read_again(path):
    journal = Journal(FolderFiles(path.parent))
    journal.add(ENTRIES[:1])
    journal.add(ENTRIES[1:])
    again = Journal(FolderFiles(path.parent))
    assert again.since(0) == journal.since(0) == ENTRIES
    assert (len(again), again[1], again.since(3)) == (4, EVENT, ENTRIES[3:])


def test_a_restart_is_called_anew_in_files_as_it_always_was(path):
    path.write_bytes(b'{"at":4,"anew":5,"sealed":"a1"}\n')
    assert Journal(FolderFiles(path.parent)).since(0) == [Entry(at=4, restart=5, sealed="a1")]
    assert msgspec.to_builtins(Entry(at=4, restart=5)) == {"at": 4, "anew": 5}


def test_it_may_be_stored_in_memory_alone():
    journal = Journal(None, [ORDER])
    journal.add([EVENT])
    assert journal.since(0) == [ORDER, EVENT]


@given(cut=st.integers(min_value=0))
def test_an_entry_cut_short_by_a_kill_is_removed(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    Journal(FolderFiles(path.parent)).add(ENTRIES)
    text = path.read_bytes()
    part = text[: cut % (len(text) + 1)]
    path.write_bytes(part)
    complete = part.count(b"\n")
    journal = Journal(FolderFiles(path.parent))
    assert journal.since(0) == ENTRIES[:complete]
    journal.add([ORDER])
    assert Journal(FolderFiles(path.parent)).since(0) == [*ENTRIES[:complete], ORDER]


@pytest.mark.parametrize("line", [b"nonsense\n", b"{}\n", b'{"at": "soon"}\n'])
def test_what_is_no_journal_is_reported(path, line):
    path.write_bytes(line)
    with pytest.raises(SetupError, match=r"journal\.jsonl cannot be read \(line \d+: .* lost from there on.*backup"):
        Journal(FolderFiles(path.parent))


def test_what_cannot_be_written_is_reported_and_not_stored(path):
    journal = Journal(FolderFiles(path.parent))
    path.mkdir()
    with pytest.raises(SetupError, match="cannot be written"):
        journal.add([ORDER])
    assert len(journal) == 0
