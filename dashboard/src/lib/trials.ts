// Trials: how far one is, and what to run in order to answer it.
import type { Schemas } from "../api/client";

export type Trial = Schemas["Trial"];
export type Leaderboard = Schemas["Leaderboard"];
export type Score = Schemas["TrialScore"];
/** Those that play the same seeds beside a service. */
export type Policy = "naive" | "reference";
export const POLICIES: readonly Policy[] = ["naive", "reference"];

/** Return the share of all steps of all seeds that are made, 0 to 1. */
export function progressOf({ phase, seeds, seeds_done, step, steps }: Pick<Trial, "phase" | "seeds" | "seeds_done" | "step" | "steps">): number {
  if (phase === "done") return 1;
  return Math.min((seeds_done * steps + step) / Math.max(seeds * steps, 1), 1);
}

export function isOver({ phase }: Pick<Trial, "phase">): boolean {
  return phase === "done" || phase === "failed" || phase === "cancelled";
}

/** Return the trial that a world is run by, if it is one's. Such a world has no clock to set, and is neither disturbed nor copied. */
export function trialOf<T extends Pick<Trial, "world">>(world: string, trials: readonly T[]): T | undefined {
  return trials.find((one) => one.world === world);
}

/** Return programs that go through a trial, by what they are written in; answers are left out where nothing is known. */
export function programsOf(trial: Pick<Trial, "trial" | "challenge" | "warm_up" | "topics" | "world">, pilot: string, origin: string): Record<"curl" | "Python" | "MQTT", string> {
  const step = `curl -H "Authorization: Bearer $KEY" ${origin}/v1/trials/${trial.trial}/step`;
  const curl = [`${step} --json '{"seed": 1, "step": 1}'`, `${step} --json '{"seed": 1, "step": 2, "answers": []}'`].join("\n");
  const python = [
    "from zenata_client import Client",
    "",
    `with Client("${origin}", KEY) as client:`,
    `    for step in client.trial("${trial.challenge}", trial="${trial.trial}"):`,
    "        for reading in step.readings:",
    "            print(reading.sensor, reading.property, reading.value)",
    "        # from here on: step.answer(...) and step.command(...), as the challenge asks",
    "    print(step.result.score)",
  ].join("\n");
  const user = `-h ${new URL(origin).hostname} -u ${pilot} -P "$KEY"`;
  const mqtt = [
    `mosquitto_sub ${user} -v -t '${trial.topics.readings ?? "{world}/telemetry/#"}' -t '${trial.topics.clock ?? "{world}/clock"}'`,
    `mosquitto_pub ${user} -q 1 -t '${trial.topics.answers}' -m '{"step": 0, "next": true}'`,
    `mosquitto_pub ${user} -q 1 -t '${trial.topics.answers}' -m '{"step": 1, "next": true, "answers": []}'`,
  ].join("\n");
  return { curl, Python: python, MQTT: mqtt };
}
