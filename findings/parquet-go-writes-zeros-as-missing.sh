#!/bin/sh
# Guess: a column marked optional holds what it is given: a count of 0 is 0, and missing is what a pointer to nothing says.
# Seen: parquet-go writes the zero of every type as missing: 0 cars, 0.0 degrees and a door that is not open are null to other
#       readers, while parquet-go itself reads 0 back. Only a pointer tells them apart.
# Why here: means of the counts of a car park leave out its empty hours.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . hyparquet@1.20.0 > /dev/null
cat > go.mod <<'END'
module finding

go 1.24

require github.com/parquet-go/parquet-go v0.32.0
END
cat > main.go <<'END'
package main

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
)

type reading struct {
	Cars        int64   `parquet:"cars,optional"`
	Temperature float64 `parquet:"temperature,optional"`
	Open        bool    `parquet:"open,optional"`
	Spaces      *int64  `parquet:"spaces,optional"`
}

func main() {
	none := int64(0)
	if err := parquet.WriteFile("park.parquet", []reading{{Spaces: &none}, {Cars: 5, Temperature: 21.5, Open: true}}); err != nil {
		panic(err)
	}
	rows, err := parquet.ReadFile[reading]("park.parquet")
	if err != nil || rows[0].Cars != 0 || *rows[0].Spaces != 0 || rows[1].Spaces != nil {
		panic("changed")
	}
	fmt.Println("parquet-go v0.32.0 reads its own 0 as", rows[0].Cars)
}
END
cat > read.mjs <<'END'
import assert from "node:assert";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

const rows = await parquetReadObjects({ file: await asyncBufferFromFile("park.parquet") });
console.log("hyparquet 1.20.0 reads of the same file", rows);
assert.deepStrictEqual(
  rows.map((row) => [row.cars, row.temperature, row.open, row.spaces]),
  [
    [null, null, null, 0n],
    [5n, 21.5, true, null],
  ],
);
END
go mod tidy > /dev/null 2>&1
go run .
node read.mjs
