"""Small disks, to be full or not to be written."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a disk in memory on a folder, such as of ``size=1M``; without the right to do so, skip the test."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("small disks cannot be mounted here: that needs root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=120)
