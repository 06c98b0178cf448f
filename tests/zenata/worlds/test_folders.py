"""Folders of private worlds: names, owners, markers."""

import pytest

from tests.room import room_for
from zenata.errors import ControlError, SetupError
from zenata.worlds.files import FolderFiles
from zenata.worlds.folders import WorldFolders


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


@pytest.mark.parametrize("name", ["zenata", "w-empty"])
def test_a_folder_that_is_no_private_world_is_not_opened(folders, name):
    with pytest.raises(ControlError, match="no private world"):
        folders.folder(name)
