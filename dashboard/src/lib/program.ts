// Programs that ask for what a view shows: one line each, which runs as it is copied; the key is in the variable KEY.

/** Return the call of a path with curl. */
export function curlOf(origin: string, path: string): string {
  return `curl -H "Authorization: Bearer $KEY" "${origin}${path}"`;
}

/** Return the call of a method of the client, with its arguments: a text alone, or by their names. */
export function pythonOf(origin: string, method: string, given: string | Record<string, string> = {}): string {
  const written = typeof given === "string" ? JSON.stringify(given) : Object.entries(given).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ");
  return `import os; from zenata_client import Client; print(Client("${origin}", os.environ["KEY"]).${method}(${written}))`;
}
