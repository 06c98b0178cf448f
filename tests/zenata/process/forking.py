"""A template whose forks become whatever program they are given."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from zenata.process.supervisor import Program
from zenata.process.template import Fork, Template

SCRIPT = """
import json, os
from zenata.process.template import fork_on_request
fork_on_request()
args = json.loads(os.environ["ARGS"])
os.execvp(args[0], args)
"""


class Executing(Template):
    def __init__(self, log: Path) -> None:
        super().__init__((sys.executable, "-c", SCRIPT), {}, log)

    def launch(self, program: Program, log: Path) -> Fork:
        return super().launch(replace(program, env={**program.env, "ARGS": json.dumps(program.args)}), log)
