#!/bin/sh
# Guess: processors.dedup drops what repeats: a humidity that was never told before passes, and so does one that changed.
# Seen: it keeps the fields of the first message of a series and compares those alone. A device that sends its temperature in
#       one message and its humidity in the next loses every humidity, changed or not, until the interval (10 minutes) ends.
# Why here: devices send one message a quantity, and Telegraf stands between many of them and our line protocol.
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
	"reflect"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/processors"
	_ "github.com/influxdata/telegraf/plugins/processors/dedup"
)

func main() {
	dedup := processors.Processors["dedup"]()
	if wrapped, ok := dedup.(interface{ Unwrap() telegraf.Processor }); ok {
		run(wrapped.Unwrap())
	}
}

func run(dedup telegraf.Processor) {
	begin := time.Now().Add(-time.Minute)
	passed := []string{}
	for second, fields := range []map[string]any{{"temperature": 21.0}, {"humidity": 40.0}, {"humidity": 55.0}, {"temperature": 21.5}, {"humidity": 70.0}} {
		message := metric.New("room", map[string]string{"device": "d1"}, fields, begin.Add(time.Duration(second)*time.Second))
		for _, kept := range dedup.Apply(message) {
			passed = append(passed, fmt.Sprint(kept.Fields()))
		}
	}
	fmt.Println("telegraf v1.37.2, of temperature 21, humidity 40, 55, temperature 21.5, humidity 70 let pass:", passed)
	if !reflect.DeepEqual(passed, []string{"map[temperature:21]", "map[temperature:21.5]"}) {
		panic("changed")
	}
}
END
go mod tidy > /dev/null 2>&1
go run .
