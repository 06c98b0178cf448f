#!/bin/sh
# Guess: a client of MQTT takes what its broker sends, up to 256 MB (MQTT 3.1.1, 2.2.3), unless it is told otherwise.
# Seen: rumqttc has a limit of 10 kB by default. A message beyond it is an error that ends the connection; the loop that its
#       manual shows connects again, and as its session is clean by default nothing is subscribed: it is connected and gets
#       nothing more.
# Why here: a frame of a city or a pack of 200 readings has more than 10 kB; a service that met one looks healthy ever after.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . aedes@1.1.2 mqtt@5.16.0 > /dev/null
mkdir src
cat > Cargo.toml <<'END'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
rumqttc = { version = "=0.24.0", default-features = false }
END
cat > src/main.rs <<'END'
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let (client, mut connection) = Client::new(MqttOptions::new("service", "127.0.0.1", port), 10);
    client.subscribe("city/#", QoS::AtLeastOnce).unwrap();
    for event in connection.iter() {
        match event {
            Ok(Event::Incoming(Packet::Publish(message))) => println!("{} of {} bytes", message.topic, message.payload.len()),
            Ok(Event::Incoming(Packet::ConnAck(_))) => println!("connected"),
            Ok(_) => (),
            Err(error) => println!("{error}"),
        }
    }
}
END
cat > run.mjs <<'END'
import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { Aedes } from "aedes";
import mqtt from "mqtt";

const broker = await Aedes.createBroker();
const server = createServer(broker.handle).listen(0, "127.0.0.1");
await once(server, "listening");
const port = server.address().port;
const subscribed = once(broker, "subscribe");
const service = spawn("target/debug/finding", [String(port)], { stdio: ["ignore", "pipe", "inherit"] });
const seen = [];
const lines = createInterface(service.stdout).on("line", (line) => seen.push(line));
await subscribed;
const sender = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
await sender.publishAsync("city/small", Buffer.alloc(10_000, 32), { qos: 1 });
await sender.publishAsync("city/large", Buffer.alloc(15_000, 32), { qos: 1 });
while (seen.filter((line) => line === "connected").length < 2) await once(lines, "line");
await new Promise((resolve) => setTimeout(resolve, 3_000));
await sender.publishAsync("city/small", Buffer.alloc(100, 32), { qos: 1 });
await new Promise((resolve) => setTimeout(resolve, 3_000));
const connected = broker.connectedClients;
service.kill();
console.log("rumqttc 0.24.0 saw", seen, "and stays connected:", connected === 2);
assert.deepStrictEqual([seen[0], seen[1], seen[3], seen.length, connected], ["connected", "city/small of 10000 bytes", "connected", 4, 2]);
assert.match(seen[2], /payload size limit exceeded: 15014/);
process.exit(0);
END
cargo build --quiet
node run.mjs
