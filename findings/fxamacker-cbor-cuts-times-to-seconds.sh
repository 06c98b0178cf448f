#!/bin/sh
# Guess: a time.Time comes back from CBOR as it went in, as it does with encoding/json: with its fraction and offset.
# Seen: it goes out as a whole number of seconds without a tag: the fraction is cut, the offset gone, and other languages
#       see an integer. TimeRFC3339Nano and TimeTagRequired, told to the encoder, keep them.
# Why here: devices in Go send readings a few milliseconds apart; two readings of one second become one instant.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'END'
module finding

go 1.24

require github.com/fxamacker/cbor/v2 v2.10.0

require github.com/x448/float16 v0.8.4 // indirect
END
cat > main.go <<'END'
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

func main() {
	at := time.Date(2026, 6, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	var fromCBOR, fromJSON time.Time
	coded, err := cbor.Marshal(at)
	if err != nil {
		panic(err)
	}
	if err := cbor.Unmarshal(coded, &fromCBOR); err != nil {
		panic(err)
	}
	text, _ := json.Marshal(at)
	if err := json.Unmarshal(text, &fromJSON); err != nil {
		panic(err)
	}
	fmt.Println("fxamacker/cbor v2.10.0:", hex.EncodeToString(coded), fromCBOR.UTC().Format(time.RFC3339Nano), "JSON:", fromJSON.Format(time.RFC3339Nano))
	lost := at.Sub(fromCBOR)
	if hex.EncodeToString(coded) != "1a6a1d6630" || lost != 123456789*time.Nanosecond || !fromJSON.Equal(at) {
		panic("changed")
	}
}
END
GOFLAGS=-mod=mod go run .
