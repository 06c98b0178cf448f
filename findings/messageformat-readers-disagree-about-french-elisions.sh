#!/bin/sh
# Guess: "Gare d'{name}" with Anfa is "Gare d'Anfa", as "Gare de {name}" is "Gare de Anfa", in each reader of ICU messages.
# Seen: intl-messageformat (FormatJS) and pyicumessageformat show "Gare d{name}": before a brace the apostrophe quotes what
#       follows, and is left out. @messageformat/core shows "Gare d'Anfa". "l'arrêt {name}" is right in all three, so that most
#       French texts look well; d'' before the brace is right in all.
# Why here: French texts elide before names of places, d'{stop}, l'{zone}; no reader warns, and the name never comes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyicumessageformat==1.0.0
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . intl-messageformat@12.1.5 @messageformat/core@3.4.1 > /dev/null
cat > run.mjs <<'END_JS'
import { IntlMessageFormat } from "intl-messageformat";
import MessageFormat from "@messageformat/core";

const texts = ["Gare d'{name}", "Gare d''{name}", "l'arrêt {name}"];
const formatjs = texts.map((text) => new IntlMessageFormat(text, "fr").format({ name: "Anfa" }));
const messageformat = texts.map((text) => new MessageFormat("fr").compile(text)({ name: "Anfa" }));
console.log(JSON.stringify([formatjs, messageformat]));
END_JS
node run.mjs > seen.json
venv/bin/python -W ignore - <<'END_PY'
import json
from importlib.metadata import version
from pathlib import Path

from pyicumessageformat import Parser


def python(text: str) -> str:
    return "".join(part if isinstance(part, str) else "Anfa" for part in Parser().parse(text))


formatjs, messageformat = json.loads(Path("seen.json").read_text())
icu = [python(text) for text in ("Gare d'{name}", "Gare d''{name}", "l'arrêt {name}")]
print("intl-messageformat 12.1.5", formatjs, "pyicumessageformat", version("pyicumessageformat"), icu)
print("@messageformat/core 3.4.1", messageformat)
assert formatjs == icu == ["Gare d{name}", "Gare d'Anfa", "l'arrêt Anfa"]
assert messageformat[0] == "Gare d'Anfa" and messageformat[2] == "l'arrêt Anfa"
END_PY
