"""Build hook: packs the built page of the city, where there is one, into the wheel as `api/dashboard`."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """Adds ``dashboard/dist``, which version control ignores, to what a wheel holds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder, if the page has been built; an editable installation finds it where it is."""
        folder = Path(self.root) / "dashboard" / "dist"
        if version != "editable" and (folder / "index.html").is_file():
            build_data["force_include"][str(folder)] = "api/dashboard"
