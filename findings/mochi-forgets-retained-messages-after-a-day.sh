#!/bin/sh
# Guess: a retained message without an expiry stays until another takes its place: "if absent, the Application Message does not
#        expire" (MQTT 5, 3.3.2.3.3).
# Seen: the broker mochi-mqtt gives each message an expiry of 86400 seconds, and tells it to those that subscribe; an expiry of
#       200000 seconds is cut to 86400 without a word.
# Why here: plans, names and limits of a gate are set once and retained; a day later a device that starts has none.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . mqtt@5.16.0 > /dev/null
cat > go.mod <<'END'
module finding

go 1.24

require github.com/mochi-mqtt/server/v2 v2.7.9

require (
	github.com/gorilla/websocket v1.5.0 // indirect
	github.com/rs/xid v1.4.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
END
cat > main.go <<'END'
package main

import (
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	broker := mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	listener := listeners.NewTCP(listeners.Config{ID: "loopback", Address: "127.0.0.1:0"})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		panic(err)
	}
	if err := broker.AddListener(listener); err != nil {
		panic(err)
	}
	if err := broker.Serve(); err != nil {
		panic(err)
	}
	address := listener.Address()
	client := exec.Command("node", "run.mjs", address[strings.LastIndex(address, ":")+1:])
	client.Stdout, client.Stderr = os.Stdout, os.Stderr
	if err := client.Run(); err != nil {
		os.Exit(1)
	}
	broker.Close()
}
END
cat > run.mjs <<'END'
import assert from "node:assert";
import { once } from "node:events";
import mqtt from "mqtt";

const connect = () => mqtt.connectAsync(`mqtt://127.0.0.1:${process.argv[2]}`, { protocolVersion: 5 });
const sender = await connect();
await sender.publishAsync("gate/1/limit", "40", { qos: 1, retain: true });
await sender.publishAsync("gate/2/limit", "40", { qos: 1, retain: true, properties: { messageExpiryInterval: 200_000 } });
const seen = {};
for (const topic of ["gate/1/limit", "gate/2/limit"]) {
  const receiver = await connect();
  const message = once(receiver, "message");
  await receiver.subscribeAsync(topic);
  seen[topic] = (await message)[2].properties?.messageExpiryInterval;
  await receiver.endAsync();
}
await sender.endAsync();
console.log("mochi-mqtt v2.7.9, retained without an expiry and with one of 200000 s:", seen);
for (const seconds of Object.values(seen)) assert.ok(seconds > 86_300 && seconds <= 86_400);
END
GOFLAGS=-mod=mod go run .
