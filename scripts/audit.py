"""Hold what is locked against the advisories of the package index, for `make lint`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = sorted((Path(__file__).parents[1] / "requirements").glob("*.txt"))


def verdict(report: dict[str, Any]) -> tuple[list[str], bool]:
    """Return what a report of pip-audit comes to, in lines, and whether nothing is known against what it names."""
    packages = report["dependencies"]
    bad = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none yet'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    audited = len(packages) - len(skipped)
    if not audited and packages:
        return [f"NOT audited: the package index here has no advisories of any of the {len(packages)} packages."], True
    missing = f"; NOT audited, as the package index has no advisories of them: {_some(skipped)}" if skipped else "."
    return [*bad, f"{audited} of {len(packages)} packages audited, {len(bad)} advisories{missing}"], not bad


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def main() -> int:
    """Ask pip-audit; an index that cannot be reached is told, and stops nobody's work."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--disable-pip"]
    for lock in LOCKS:
        command += ["--requirement", str(lock)]
    done = subprocess.run([*command, "--require-hashes"], capture_output=True, text=True, check=False)
    try:
        lines, is_good = verdict(json.loads(done.stdout))
    except ValueError:
        print(f"NOT audited: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")
        return 0
    print("\n".join(lines))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
