#!/bin/sh
# Guess: a subscription shared by several clients ($share/group/topic) works, as on other brokers also for MQTT 3.1.1, or is
#        refused (reason 128).
# Seen: aedes grants it with QoS 1 and sends nothing, ever. A topic without a group gets its messages.
# Why here: a service that is run three times takes turns by such groups; tried on this broker it is connected, and idle.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . aedes@1.2.0 mqtt@5.16.0 > /dev/null
cat > run.mjs <<'END'
import assert from "node:assert";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Aedes } from "aedes";
import mqtt from "mqtt";

const broker = await Aedes.createBroker();
const server = net.createServer(broker.handle).listen(0, "127.0.0.1");
await once(server, "listening");
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.address().port}`);
const got = [];
client.on("message", (topic) => got.push(topic));
const granted = await client.subscribeAsync(["$share/group/zone/1", "zone/2"], { qos: 1 });
await client.publishAsync("zone/1", "21", { qos: 1 });
await client.publishAsync("zone/2", "22", { qos: 1 });
await wait(1000);
console.log("aedes 1.2.0 grants", JSON.stringify(granted.map(({ topic, qos }) => [topic, qos])), "and sends", got);
await client.endAsync(true);
broker.close();
server.close();
assert.deepStrictEqual([granted.map(({ qos }) => qos), got], [[1, 1], ["zone/2"]]);
END
node run.mjs
