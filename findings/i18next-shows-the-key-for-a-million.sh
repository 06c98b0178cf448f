#!/bin/sh
# Guess: with the two French forms that a page has always had, _one and _other, each count finds its words.
# Seen: i18next shows the bare key for 1,000,000 and 2,000,000: since CLDR 38 French has a third form for whole millions
#       (_many), and what has no words of its own form does not fall back to _other. 1,234,567 has its words. Arabic with two
#       forms shows the key from 2 to 99.
# Why here: sums of a city (litres, readings, dirhams) pass round millions; the page was seen right with every smaller number.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . i18next@26.7.2 > /dev/null
cat > run.mjs <<'END_JS'
import assert from "node:assert";
import i18next from "i18next";

const words = (lng, translation, counts) => {
  const page = i18next.createInstance();
  page.init({ lng, resources: { [lng]: { translation } }, showSupportNotice: false });
  return counts.map((count) => page.t("litres", { count }));
};
const counts = [0, 1, 2, 999999, 1000000, 1234567, 2000000];
const french = words("fr", { litres_one: "{{count}} litre", litres_other: "{{count}} litres" }, counts);
const arabic = words("ar", { litres_one: "one", litres_other: "other" }, [0, 1, 2, 11, 100]);
console.log("i18next 26.7.2 in French", counts, french, "in Arabic 0, 1, 2, 11, 100", arabic);
console.log("the form of a million in French:", new Intl.PluralRules("fr").select(1e6));
assert.deepStrictEqual(french, ["0 litre", "1 litre", "2 litres", "999999 litres", "litres", "1234567 litres", "litres"]);
assert.deepStrictEqual(arabic, ["litres", "one", "litres", "litres", "other"]);
END_JS
node run.mjs
