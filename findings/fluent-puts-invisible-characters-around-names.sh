#!/bin/sh
# Guess: a text with a name put into it is the text with the name: "Capteur a-7".
# Seen: two characters that nobody sees stand around each name and number (U+2068, U+2069), in French as in Arabic, unless
#       use_isolating=False. They keep the direction of a page right, and make the text unequal to the one that it looks like.
# Why here: alerts go out in three languages as SMS and MQTT; topics, file names and comparisons with such texts go wrong.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fluent.runtime==0.4.0
cd "$folder"
venv/bin/python -W ignore - <<'END'
from importlib.metadata import version

from fluent.runtime import FluentBundle, FluentResource

texts = []
for options in ({}, {"use_isolating": False}):
    bundle = FluentBundle(["fr-MA"], **options)
    bundle.add_resource(FluentResource("alert = Capteur { $id }"))
    texts.append(bundle.format_pattern(bundle.get_message("alert").value, {"id": "a-7"})[0])
print("fluent.runtime", version("fluent.runtime"), [ascii(text) for text in texts])
assert texts == ["Capteur \u2068a-7\u2069", "Capteur a-7"]
END
