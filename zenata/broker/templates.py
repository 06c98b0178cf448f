"""Configuration files of brokers: filling in templates, and writing a broker's folder."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from zenata.errors import SetupError
from zenata.process.files import write_private, writing

_HERE = Path(__file__).parent


def render(name: str, *, lines: Mapping[str, str] | None = None, **values: str | int) -> str:
    """Return a file of ``broker_config/`` with its ``$names`` replaced, those of `lines` by text in its language.

    Raises
    ------
    SetupError
        If a value holds a character that has a meaning of its own in a configuration file.
    """
    for key, value in values.items():
        plain(key, value)
    installed = _HERE / "config"  # in a wheel; in a checkout the files are in the folder that people edit
    folder = installed if installed.is_dir() else _HERE.parents[1] / "broker_config"
    return Template((folder / name).read_text(encoding="utf-8")).substitute(values, **(lines or {}))


def plain(name: str, value: object) -> str:
    """Return a value as text that has no meaning of its own in a configuration file.

    Raises
    ------
    SetupError
        If it holds a character that has one.
    """
    text = str(value)
    if any(character in '"\\' or not character.isprintable() for character in text):
        raise SetupError(f"{name} {text!r} cannot be used for the broker: it has a quote, backslash or the like")
    return text


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that only their owner may read, each in one step, into a folder that only its owner may enter.

    Raises
    ------
    SetupError
        If the folder cannot be made or written.
    """
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    for name, text in files.items():
        write_private(folder / name, text)
