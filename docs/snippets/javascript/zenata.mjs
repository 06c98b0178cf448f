// The sandbox from JavaScript, with nothing but fetch: Node 18 or newer, or a browser.
//
//   import { latest, listen, send } from "./zenata.mjs";
//   const sandbox = { url: "http://127.0.0.1:8080", key: process.env.ZENATA_KEY };
//   console.log(await latest(sandbox, { kind: "air", property: "pm25" }));
//   for await (const reading of listen(sandbox, { kind: "traffic" })) console.log(reading.sensor, reading.value);

/** The newest reading of each series. */
export async function latest(sandbox, which = {}) {
  const answer = await ask(sandbox, `/v1/latest?${new URLSearchParams(which)}`);
  return (await answer.json()).items;
}

/** Say something as a device of yours; once this returns, it is kept. */
export async function send(sandbox, device, message) {
  const body = { method: "POST", body: JSON.stringify(message), headers: { "Content-Type": "application/json" } };
  const answer = await ask(sandbox, `/v1/telemetry?${new URLSearchParams({ device })}`, body);
  return answer.json();
}

/** Readings as they happen, without an end; after a break it goes on behind the last one, so that nothing is missed. */
export async function* listen(sandbox, which = {}) {
  let place = "";
  for (;;) {
    try {
      const headers = place ? { "Last-Event-ID": place } : {};
      const answer = await ask(sandbox, `/v1/stream?${new URLSearchParams(which)}`, { headers });
      for await (const event of events(answer.body)) {
        place = event.id ?? place;
        if (event.event === "reading") yield JSON.parse(event.data);
        // What was too much to send again; /v1/readings has it.
        if (event.event === "gap") console.warn(JSON.parse(event.data).detail);
      }
    } catch (error) {
      if (!place || error.status) throw error; // it never worked, or the API says why it does not
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

async function ask({ url, key }, path, { headers, ...options } = {}) {
  const answer = await fetch(url + path, { ...options, headers: { Authorization: `Bearer ${key}`, ...headers } });
  if (answer.ok) return answer;
  const problem = await answer.json();
  throw Object.assign(new Error(problem.detail), { status: answer.status, retryAfter: answer.headers.get("Retry-After") });
}

// EventSource can send no key, so the events are read by hand: fields line by line, an empty line ends each.
async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let fields = {};
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const [, name, text] = line.match(/^([^:]*):? ?(.*)$/);
        if (name) fields[name] = text;
        if (line === "") {
          yield fields;
          fields = {};
        }
      }
    }
  } finally {
    await reader.cancel();
  }
}
