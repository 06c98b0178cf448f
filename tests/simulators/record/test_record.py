import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.record.record import Recipe, Record
from tests.room import room_for
from zenata.errors import SetupError

RECIPE = Recipe(city="zenata", seed=7, start=1_767_225_600_000_000, live=True)
STATE = {"world.seq": np.arange(100), "world.truth": np.array([1.5, np.nan]), "world.time": np.array(3)}


@pytest.fixture
def record(tmp_path) -> Record:
    return Record(tmp_path / "worlds" / "zenata")


@pytest.fixture
def folder(record, tmp_path):
    return tmp_path / "worlds" / "zenata"


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name], equal_nan=True) for name in one
    )


def test_of_a_new_world_there_is_nothing(record):
    assert record.recipe() is None
    assert record.checkpoint() is None


def test_a_recipe_reads_back(record, folder):
    record.save_recipe(RECIPE)
    assert Record(folder).recipe() == RECIPE


def test_a_checkpoint_reads_back(record, folder):
    record.save_checkpoint(STATE)
    record.save_checkpoint({**STATE, "world.time": np.array(4)})
    assert same(Record(folder).checkpoint(), {**STATE, "world.time": np.array(4)})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"city": "zenata"}', b'{"city": 1}', b"\xff"])
def test_a_recipe_that_cannot_be_read_is_named(record, folder, content):
    (folder / "world.json").write_bytes(content)
    with pytest.raises(SetupError, match=r"world\.json cannot be read .*seed and start.*backup.*new one"):
        record.recipe()


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 not a zip", b"text", b"\x93NUMPY"])
def test_a_checkpoint_that_cannot_be_read_is_named(record, folder, content):
    (folder / "checkpoint.npz").write_bytes(content)
    with pytest.raises(SetupError, match=r"checkpoint\.npz cannot be read .*backup, or move it away") as error:
        record.checkpoint()
    assert not {"pickle", "unsafely"} & set(str(error.value).split())


@given(data=st.data())
def test_a_damaged_checkpoint_is_refused_or_read_right(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("world")
    record, file = Record(folder), folder / "checkpoint.npz"
    record.save_checkpoint(STATE)
    content = bytearray(file.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    try:
        found = record.checkpoint()
    except SetupError:
        return
    assert all(same({"": found[name]}, {"": array}) for name, array in STATE.items() if name in found)


def test_a_checkpoint_broken_off_leaves_the_one_before(record, folder):
    class Interrupted:
        def __array__(self, *_, **__):
            raise KeyboardInterrupt

    record.save_checkpoint(STATE)
    with pytest.raises(KeyboardInterrupt):
        record.save_checkpoint({"world.seq": np.zeros(1_000_000), "world.truth": Interrupted()})
    (folder / "checkpoint.npz.part").write_bytes(b"PK\x03\x04 as a kill leaves it")
    assert same(record.checkpoint(), STATE)
    record.save_checkpoint({"world.time": np.array(5)})
    assert record.checkpoint()["world.time"] == 5


def test_what_cannot_be_written_is_named(record, folder, tmp_path):
    (folder / "world.json.part").mkdir()
    (folder / "checkpoint.npz.part").mkdir()
    with pytest.raises(SetupError, match=r"world\.json cannot be written: Is a directory"):
        record.save_recipe(RECIPE)
    with pytest.raises(SetupError, match=r"checkpoint\.npz cannot be written: Is a directory"):
        record.save_checkpoint(STATE)
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"file/world cannot be made: Not a directory"):
        Record(tmp_path / "file" / "world")


def test_what_was_reached_is_noted(record):
    assert record.reached() is None
    for time in (0, 1_800_000_000_000_000, -5):
        record.save_reached(time)
        assert record.reached() == time


def test_a_note_that_a_full_disk_left_empty_says_that_nothing_was_reached(record):
    with room_for(0), pytest.raises(SetupError, match="reached cannot be written"):
        record.save_reached(7)
    assert record.reached() is None
    record.save_reached(7)
    assert record.reached() == 7


@pytest.mark.parametrize("content", [b"1234567", b"[" * 100_000])
def test_a_damaged_note_of_what_was_reached_is_named(record, folder, content):
    (folder / "reached").write_bytes(content)
    with pytest.raises(SetupError, match=r"reached has .* bytes in place of 8"):
        record.reached()


@pytest.mark.parametrize("content", ["", "00", "0" * 66, "key"])
def test_a_secret_of_another_length_is_none(record, folder, content):
    (folder / "world.secret").write_text(content)
    with pytest.raises(SetupError, match=r"world\.secret cannot be read .*backup"):
        record.secret()
