"""The picture of the rooms in docs/architecture.md, drawn from the imports.

``--check`` fails where the picture is out of date, and where a Python file is too long to be read at once.
"""

import sys
from ast import get_docstring, parse
from pathlib import Path

import grimp
import networkx as nx

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/architecture.md"
LIBRARY = ("control", "worlds", "broker", "store", "wire", "trials", "contract", "city", "process")
ROOMS = ("sandbox", "api", "ingest", "simulators", *(f"zenata.{name}" for name in LIBRARY), "zenata_client")
SOURCES = ("sandbox", "api", "ingest", "simulators", "zenata", "client", "tests", "benchmarks", "scripts")
MAX_LINES = 400  # of a file; what is longer holds more than one subject
BEGIN, END = "<!-- drawn by scripts/architecture.py -->\n", "<!-- end of the drawing -->\n"


def arrows() -> nx.DiGraph:
    """Return which room imports which, without the arrows that follow from others."""
    unnamed = {path.parent.name for path in (ROOT / "zenata").glob("*/__init__.py")} - {*LIBRARY}
    if unnamed:
        raise ValueError(f"name these folders of zenata/ in LIBRARY: {', '.join(sorted(unnamed))}")
    imports = grimp.build_graph("sandbox", "api", "ingest", "simulators", "zenata", "zenata_client", cache_dir=None)
    rooms: nx.DiGraph = nx.DiGraph()
    rooms.add_nodes_from(ROOMS)
    for importer in sorted(imports.modules):
        for imported in sorted(imports.find_modules_directly_imported_by(importer)):
            pair = _room_of(importer), _room_of(imported)
            if None not in pair and pair[0] != pair[1]:
                rooms.add_edge(*pair)
    return nx.transitive_reduction(rooms)


def drawing() -> str:
    """Return the diagram as Mermaid, and a table of what each room and each of its folders holds."""
    lines = [BEGIN, "```mermaid\n", "flowchart TD\n"]
    lines += [f'  {_id(room)}["{_folder(room)}/"]\n' for room in ROOMS]
    lines += [f"  {_id(upper)} --> {_id(lower)}\n" for upper, lower in sorted(arrows().edges)]
    lines += ["```\n", "\n", "| folder | what it holds |\n", "|---|---|\n"]
    for room in ROOMS:
        folder = ROOT / ("client/zenata_client" if room == "zenata_client" else _folder(room))
        folders = (path.parent for path in folder.rglob("*/__init__.py"))
        for package in [folder, *sorted(path for path in folders if not path.is_symlink())]:
            purpose = (get_docstring(parse((package / "__init__.py").read_text())) or "").partition("\n")[0]
            lines.append(f"| `{package.relative_to(ROOT)}/` | {purpose} |\n")
    return "".join([*lines, END])


def long_files(root: Path = ROOT) -> list[str]:
    """Return the Python files of more than `MAX_LINES` lines, each with its count."""
    files = (
        path for source in SOURCES for path in sorted((root / source).rglob("*.py")) if "node_modules" not in path.parts
    )
    counts = ((path, len(path.read_text(encoding="utf-8").splitlines())) for path in files)
    return [f"{path.relative_to(root)} has {count} lines" for path, count in counts if count > MAX_LINES]


def _room_of(module: str) -> str | None:
    """Return the room of a module; None for `zenata.errors` and `zenata` itself, which everybody may import."""
    return next((room for room in ROOMS if module == room or module.startswith(f"{room}.")), None)


def _id(room: str) -> str:
    return room.replace(".", "_")


def _folder(room: str) -> str:
    return "client" if room == "zenata_client" else room.replace(".", "/")


def main(*, check: bool) -> int:
    """Draw the picture into the document, or only compare."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    drawn = before + drawing() + rest.partition(END)[2]
    if check:
        if drawn != text:
            print("docs/architecture.md is out of date: run `make docs`")
        for file in (long := long_files()):
            print(f"{file}, more than {MAX_LINES}: split it by subject")
        return int(drawn != text or bool(long))
    DOCUMENT.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
