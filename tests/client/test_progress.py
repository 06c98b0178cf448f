"""Progress is shown to whoever asks for it."""

import sys

import pytest

from zenata_client import SetupError
from zenata_client.progress import bar


def test_what_goes_on_is_shown(client, capsys, tmp_path):
    client.arrow(kind="noise", progress=True)
    assert "readings" in capsys.readouterr().err
    file = client.export(tmp_path / "file.csv", format="csv", progress=True, start="-1d")
    shown = capsys.readouterr().err
    assert "written: 100%" in shown
    assert "fetched: 100%" in shown
    assert file.stat().st_size > 1000


def test_nothing_is_shown_to_others(client, capsys, tmp_path):
    client.arrow(kind="noise")
    client.export(tmp_path / "file.csv", format="csv")
    assert capsys.readouterr() == ("", "")


def test_without_the_library_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(SetupError, match="tqdm"), bar(True, "readings", "rows"):
        pytest.fail("it goes on")
    with bar(False, "readings", "rows") as move:
        move(1)
