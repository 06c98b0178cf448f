#!/bin/sh
# Guess: Telegraf's parser of Avro knows the single-object encoding, as its source says: the bytes C3 01, the fingerprint of the
#        schema in 8 bytes, then the record; and a bare record is read as it is.
# Seen: it looks for the letters "c3". A marked record is read from its marker on, so that numbers come out that nobody sent,
#       without an error. A bare one whose first numbers happen to be -50 and -26, which are these letters, loses 10 bytes
#       and is refused.
# Why here: a gateway that speaks Avro would store temperatures made of a fingerprint.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . avsc@5.7.9 > /dev/null
cat > write.js <<'END'
const { createHash } = require("node:crypto");
const avro = require("avsc");

// The fingerprint of the specification: CRC-64-AVRO of the canonical form.
function fingerprint(text) {
  const empty = 0xc15d213aa4d7a795n;
  let state = empty;
  for (const byte of Buffer.from(text)) {
    let entry = (state ^ BigInt(byte)) & 0xffn;
    for (let bit = 0; bit < 8; bit++) entry = (entry >> 1n) ^ (empty & -(entry & 1n));
    state = (state >> 8n) ^ entry;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(state);
  return bytes;
}
const room = avro.Type.forSchema(JSON.parse(process.argv[2]));
const record = room.toBuffer({ low: 18, high: 24, mean: 21.5 });
const marked = Buffer.concat([Buffer.from([0xc3, 0x01]), fingerprint(JSON.stringify(room.schema())), record]);
const bare = room.toBuffer({ low: -50, high: -26, mean: -38.5 });
console.log(marked.toString("hex"));
console.log(bare.toString("hex"));
END
cat > go.mod <<'END'
module finding

go 1.24

require github.com/influxdata/telegraf v1.37.2
END
cat > main.go <<'END'
package main

import (
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"

	"github.com/influxdata/telegraf/plugins/parsers/avro"
	"github.com/influxdata/telegraf/testutil"
)

const schema = `{"name":"room","type":"record","fields":[{"name":"low","type":"long"},{"name":"high","type":"long"},{"name":"mean","type":"double"}]}`

func main() {
	out, err := exec.Command("node", "write.js", schema).Output()
	if err != nil {
		panic(err)
	}
	seen := []string{}
	for _, text := range strings.Fields(string(out)) {
		message, _ := hex.DecodeString(text)
		parser := &avro.Parser{Schema: schema, Measurement: "room", Log: testutil.Logger{Quiet: true}}
		if err := parser.Init(); err != nil {
			panic(err)
		}
		metrics, err := parser.Parse(message)
		if err != nil {
			seen = append(seen, err.Error())
		} else {
			seen = append(seen, fmt.Sprint(metrics[0].Fields()["low"], " to ", metrics[0].Fields()["high"]))
		}
	}
	fmt.Println("telegraf v1.37.2 reads 18 to 24 with its marker as", seen[0], "and a bare -50 to -26 with:", seen[1])
	if seen[0] != "-98 to -57" || !strings.Contains(seen[1], "short buffer") {
		panic("changed")
	}
}
END
go mod tidy > /dev/null 2>&1
go run .
