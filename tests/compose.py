"""docker-compose.yml as Compose would read it, without an engine."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")


@dataclass(frozen=True)
class Service:
    """One service, its variables resolved."""

    name: str
    about: dict[str, Any]

    @property
    def mounts(self) -> dict[str, Path]:
        """Folders of the host by their path in the container."""
        pairs = (volume.split(":") for volume in self.about.get("volumes", ()))
        return {inside: Path(outside) for outside, inside in pairs}

    @property
    def env_files(self) -> list[Path]:
        return [Path(file) for file in self.about.get("env_file", ())]

    @property
    def environment(self) -> dict[str, str]:
        """All variables the process gets beside those of its image."""
        secret = {name: value for file in self.env_files for name, value in variables_in(file).items()}
        return {**secret, **self.about.get("environment", {})}

    @property
    def health(self) -> list[str]:
        """The command that tells whether the service is well."""
        how, *command = self.about["healthcheck"]["test"]
        return ["sh", "-c", *command] if how == "CMD-SHELL" else command

    @property
    def is_ours(self) -> bool:
        return "build" in self.about


def variables_in(file: Path) -> dict[str, str]:
    """Read a file of lines NAME=value."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def resolved(node: Any, variables: dict[str, str]) -> Any:
    """Return a part of the file with its variables filled in; one that has neither value nor default is a KeyError."""
    if isinstance(node, dict):
        return {name: resolved(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [resolved(value, variables) for value in node]
    if not isinstance(node, str):
        return node

    def value(match: re.Match[str]) -> str:
        escaped, name, sign, default = match.groups()
        if escaped:
            return "$"
        return variables.get(name, default) if sign == "-" else variables[name]

    return _VARIABLE.sub(value, node)


def services(folder: Path) -> dict[str, Service]:
    """Return the services by name, given a folder that `zenata init` has made."""
    document = resolved(yaml.safe_load(FILE.read_text()), variables_in(folder / ".env"))
    return {name: Service(name, about) for name, about in document["services"].items()}
