#!/bin/sh
# Guess: an integer of at least -5 has one encoding in unaligned PER, the rules of the messages between cars and traffic lights
#        (ETSI ITS, SAE J2735): that is what they are standardised for.
# Seen: asn1tools writes 300 itself, pycrate its distance from the bound, as X.691 (12.2.6 b) has it: each reads the other's
#       300 as 295 or 305. Of a value set (1..2 | 5..7) asn1tools writes 6 so that pycrate reads 5. Plain ranges agree.
# Why here: no error on either side; a speed, a count or an offset is off by the bound.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check asn1tools==0.169.0 pycrate==0.8.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - > all.txt <<'PYTHON'
import sys
from importlib import import_module
from importlib.metadata import version

import asn1tools
from pycrate_asn1c.asnproc import PycrateGenerator, compile_text, generate_modules

SPECIFICATION = """
M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Offset ::= INTEGER (-5..MAX)
Lane ::= INTEGER (1..2 | 5..7)
Speed ::= INTEGER (0..300)
END
"""
compiled = asn1tools.compile_string(SPECIFICATION, "uper")
compile_text(SPECIFICATION)
generate_modules(PycrateGenerator, "module_of_pycrate.py")
sys.path.insert(0, ".")
types = import_module("module_of_pycrate").M
seen = []
for name, value in (("Offset", 300), ("Lane", 6), ("Speed", 300)):
    first = compiled.encode(name, value)
    pycrate = getattr(types, name)
    pycrate.set_val(value)
    second = pycrate.to_uper()
    pycrate.from_uper(first)
    seen.append((name, first.hex(), second.hex(), pycrate.get_val(), compiled.decode(name, second)))
names = f"asn1tools {version('asn1tools')} and pycrate {version('pycrate')}"
print(f"{names}: type, bytes of each, the first read by pycrate, the second read by asn1tools:", *seen, sep="\n  ")
assert [each[3:] for each in seen if each[0] != "Lane"] == [(295, 305), (300, 300)]
assert seen[1][1] != seen[1][2] and seen[1][3] == 5
PYTHON
grep -A3 "^asn1tools" all.txt
