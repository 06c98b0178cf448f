"""The client as a distribution of its own: what it brings, and that it needs nothing of the server."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_the_contract_and_needs_two_packages(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT / "client", check=True, capture_output=True, timeout=120)
    (file,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(file) as wheel:
        names = wheel.namelist()
        wheel.extractall(tmp_path / "site")
    own = {f"zenata_client/contract/{one.name}" for one in (ROOT / "zenata/contract").glob("*.py")}
    assert own <= set(names)
    assert len(names) == len(set(names))
    needed = tomllib.loads((ROOT / "client/pyproject.toml").read_text())["project"]["dependencies"]
    assert {one.partition(">")[0] for one in needed} == {"httpx", "msgspec"}
    code = (
        "import sys, zenata_client; print(sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ["zenata", "sandbox", "api", "pandas", "polars", "pyarrow", "tqdm", "fastapi", "pydantic"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *heavy],
        env={"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
