#!/bin/sh
# Guess: processors.round with a precision of 1 makes 0.25 and 0.28 the number 0.3, the nearest number to three
#        tenths.
# Seen: it multiplies by the step: 0.30000000000000004, which is longer than what came in and equals no 0.3 of another program.
# Why here: readings are compared with those another way brought, and stored as text by some.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'END'
module finding

go 1.24

require github.com/influxdata/telegraf v1.37.2
END
cat > main.go <<'END'
package main

import (
	"fmt"
	"time"

	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/processors/round"
)

func main() {
	rounded := &round.Round{Precision: 1}
	if err := rounded.Init(); err != nil {
		panic(err)
	}
	message := metric.New("air", nil, map[string]any{"ozone": 0.28, "pm10": 0.2, "no2": 0.7}, time.Now())
	fields := rounded.Apply(message)[0].Fields()
	fmt.Println("telegraf v1.37.2 rounds 0.28, 0.2, 0.7 to", fields["ozone"], fields["pm10"], fields["no2"])
	if fields["ozone"] != 0.30000000000000004 || fields["pm10"] != 0.2 || fields["no2"] != 0.7000000000000001 {
		panic("changed")
	}
}
END
go mod tidy > /dev/null 2>&1
go run .
