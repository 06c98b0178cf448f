#!/bin/sh
# Guess: error is set whenever a request failed, so "if (error)" finds every failure, as the examples do it.
# Seen: of an answer without a body (Content-Length: 0) error is undefined, at status 500 as at 200, and "" where no
#       length was told: both are false. data is undefined too, and only response.ok tells.
# Why here: proxies in front of services answer 502 and 503 without a body; every error of our own has one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . openapi-fetch@0.17.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import http from "node:http";
import createClient from "openapi-fetch";

const server = http.createServer((request, response) => {
  if (request.url === "/length") response.writeHead(500, { "content-length": 0 });
  else response.writeHead(503);
  response.end();
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const client = createClient({ baseUrl: `http://127.0.0.1:${server.address().port}` });
const seen = [];
for (const path of ["/length", "/none"]) {
  const { data, error, response } = await client.GET(path);
  seen.push([response.status, data, error]);
}
server.close();
console.log("openapi-fetch 0.17.0: status, data and error of failures without a body:", seen);
assert.deepStrictEqual(seen, [
  [500, undefined, undefined],
  [503, undefined, ""],
]);
END
node run.mjs
