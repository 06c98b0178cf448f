#!/bin/sh
# Guess: a client that comes back by itself after its connection was cut has its subscriptions again, as MQTT.js does it.
# Seen: it is connected and gets nothing more: with a clean session, its default, nothing is subscribed anew, with
#       SetResumeSubs(true) neither. Subscribing belongs into the handler of connections.
# Why here: brokers restart, and cars drive out of reach; a service that was quiet for a day looks healthy.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'END'
module finding

go 1.24

require (
	github.com/eclipse/paho.mqtt.golang v1.5.1
	github.com/mochi-mqtt/server/v2 v2.7.9
)
END
cat > main.go <<'END'
package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	server "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	address := free.Addr().String()
	free.Close()
	broker := server.New(&server.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := errors.Join(broker.AddHook(new(auth.AllowHook), nil), broker.AddListener(listeners.NewTCP(listeners.Config{ID: "t", Address: address})), broker.Serve()); err != nil {
		panic(err)
	}
	for _, resume := range []bool{false, true} {
		connected, got := make(chan bool, 10), make(chan string, 10)
		options := mqtt.NewClientOptions().AddBroker("tcp://" + address).SetClientID("service").SetResumeSubs(resume)
		options.SetOnConnectHandler(func(mqtt.Client) { connected <- true })
		client := mqtt.NewClient(options)
		client.Connect().Wait()
		<-connected
		client.Subscribe("zone/#", 1, func(_ mqtt.Client, message mqtt.Message) { got <- string(message.Payload()) }).Wait()
		broker.Publish("zone/a", []byte("before"), false, 1)
		before := <-got
		held, _ := broker.Clients.Get("service")
		held.Stop(errors.New("cut"))
		<-connected
		broker.Publish("zone/a", []byte("after"), false, 1)
		after := "nothing"
		select {
		case after = <-got:
		case <-time.After(5 * time.Second):
		}
		fmt.Println("paho.mqtt.golang v1.5.1, ResumeSubs", resume, "got", before, "and after the cut", after, "connected:", client.IsConnectionOpen())
		if before != "before" || after != "nothing" || !client.IsConnectionOpen() {
			panic("changed")
		}
		client.Disconnect(100)
	}
}
END
go mod tidy > /dev/null 2>&1
go run .
