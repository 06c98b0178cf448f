"""Folders of private worlds: names, owners, markers."""

import pytest

from tests.room import room_for
from zenata.errors import ControlError, SetupError
from zenata.worlds.files import FolderFiles
from zenata.worlds.folders import WorldFolders
from zenata.worlds.index import new_name


@pytest.fixture
def folders(tmp_path):
    for name, recipe in (("w-one", '{"owner": "demo"}'), ("w-two", '{"owner": "eve"}'), ("w-bad", "{")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "world.json").write_text(recipe)
    (tmp_path / "w-empty").mkdir()
    (tmp_path / "zenata").mkdir()
    (tmp_path / "zenata" / "world.json").write_text("{}")
    return WorldFolders(tmp_path)


def test_worlds_are_folders_with_a_recipe(folders):
    assert folders.names() == ["w-bad", "w-one", "w-two"]
    assert folders.owners() == {"w-one": "demo", "w-two": "eve"}


@pytest.mark.parametrize("marker", ["asleep", "failed", "deleted"])
def test_a_marker_keeps_a_world_from_running(folders, marker):
    assert "w-one" in folders.to_run()
    folders.mark("w-one", marker, "why")
    assert (folders.marker("w-one"), folders.to_run()) == (marker, {"w-bad", "w-two"})
    assert folders.stopped_for("w-one") >= 0
    assert ("w-one" in folders.owners()) == (marker != "deleted")
    assert folders.failure("w-one") == ("why" if marker == "failed" else None)


def test_a_marker_without_room_for_its_reason_is_none(folders):
    with room_for(2), pytest.raises(SetupError, match="failed cannot be written"):
        folders.mark("w-one", "failed", "why")
    assert folders.marker("w-one") is None


@pytest.mark.parametrize("durable", [True, False])
def test_lines_are_added_all_or_none(tmp_path, durable):
    """Of a full disk, half an entry of a journal was taken for written, and what followed was glued to it."""
    files = FolderFiles(tmp_path)
    files.append("lines", b"first\n", durable=durable)
    with room_for(9), pytest.raises(SetupError, match="lines cannot be written"):
        files.append("lines", b"second\n", durable=durable)
    files.append("lines", b"third\n", durable=durable)
    assert files.read("lines") == b"first\nthird\n"


def test_waking_removes_what_can_be_woken(folders):
    folders.mark("w-one", "asleep")
    folders.mark("w-one", "failed")
    folders.wake("w-one")
    assert folders.marker("w-one") is None
    folders.mark("w-one", "deleted")
    with pytest.raises(ControlError, match="no private world"):
        folders.wake("w-one")


@pytest.mark.parametrize("name", ["zenata", "w-empty", "w-none", "../w-one", "w-ONE", "w-", ""])
def test_no_other_name_opens_a_folder(folders, name):
    with pytest.raises(ControlError, match="no private world"):
        folders.folder(name)


def test_new_names_are_names_of_worlds(tmp_path):
    (tmp_path / (name := new_name())).mkdir()
    (tmp_path / name / "world.json").write_text("{}")
    assert WorldFolders(tmp_path).names() == [name]
