"""The test files that mirror the modules changed since the last commit, for `make check`; all tests if none can be told."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def mirrors_of(file: Path) -> list[Path]:
    """Return the test files of a changed file: itself, its mirror, or those of the folder that mirrors its folder."""
    if file.suffix != ".py":
        return []
    if file.parts[0] == "tests":
        return [file] if file.name.startswith("test_") else sorted(file.parent.rglob("test_*.py"))
    parts = file.parts[1:] if file.parts[0] == "client" else file.parts
    folder = Path("tests", "client" if parts[0] == "zenata_client" else parts[0], *parts[1:-1])
    mirror = folder / f"test_{file.name}"
    return [mirror] if (ROOT / mirror).exists() else [folder] if (ROOT / folder).is_dir() else []


def changed() -> list[Path]:
    """Return the files that differ from the last commit, new ones included."""
    command = ["git", "status", "--porcelain", "--no-renames", "--untracked-files=all"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(line[3:]) for line in done.stdout.splitlines() if (ROOT / line[3:]).is_file()]


if __name__ == "__main__":
    print(*sorted({str(test) for file in changed() for test in mirrors_of(file)}) or ["tests"])
