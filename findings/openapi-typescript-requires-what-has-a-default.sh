#!/bin/sh
# Guess: a member that the document does not require may be left out, the more so where it has a default.
# Seen: in the type it is required because it has a default, also in the body of a request; parameters with a default
#       stay optional. --default-non-nullable=false changes it.
# Why here: clients in TypeScript are generated from our document; a body that the server takes does not compile.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . openapi-typescript@7.13.0 typescript@5.9.3 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import openapi, { astToString } from "openapi-typescript";

const order = {
  type: "object",
  required: ["value"],
  properties: { value: { type: "number" }, unit: { type: "string", default: "Cel" }, note: { type: "string" } },
};
const limit = { name: "limit", in: "query", required: false, schema: { type: "integer", default: 100 } };
const body = { content: { "application/json": { schema: { $ref: "#/components/schemas/Order" } } } };
const path = { post: { parameters: [limit], requestBody: body, responses: { 200: { description: "ok" } } } };
const document = { openapi: "3.1.0", info: { title: "t", version: "1" }, paths: { "/orders": path } };
const text = astToString(await openapi({ ...document, components: { schemas: { Order: order } } }));
const seen = text.match(/\b(value|unit|note|limit)\??: \w+/g);
console.log("openapi-typescript 7.13.0:", seen);
assert.deepStrictEqual(seen, ["limit?: number", "value: number", "unit: string", "note?: string"]);
END
node run.mjs
