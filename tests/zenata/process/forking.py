"""A template whose forks become whatever program they are given."""

import sys
from collections.abc import Callable
from pathlib import Path

from zenata.process.template import Template

SCRIPT = """
import os, sys
from zenata.process.template import fork_on_request
fork_on_request()
os.execvp(sys.argv[0], sys.argv)
"""


class Executing(Template):
    def __init__(self, log: Path, say: Callable[[str], object] = lambda _: None) -> None:
        super().__init__((sys.executable, "-c", SCRIPT), {}, log, say)
