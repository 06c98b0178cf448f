// Lines of the audit log: which text of the page says what an entry is, and what it was done to.
import type { Schemas } from "../api/client";

type Entry = Schemas["AuditEntry"];
/** What tells one entry from another, but for its time. */
type Call = Pick<Entry, "what" | "target" | "who"> & { detail: object };

/** Return the key of an entry's words: audit_post_worlds_fork of "POST /v1/worlds/{world}/fork", audit_key_issue of "key.issue". */
export function keyOf(what: string): string {
  const words = what.replaceAll(/\/v1|\/\{\w+\}/g, "").toLowerCase();
  return `audit_${words.replaceAll(/[^a-z]+/g, "_")}`;
}

/** Return what an entry was done to: of a call the last name in its path, or "" if it has none. */
export function targetOf({ what, target }: Pick<Entry, "what" | "target">): string {
  if (!what.includes("/")) return target;
  const at = what.split("/").findLastIndex((part) => part.startsWith("{"));
  return at < 0 ? "" : decodeURIComponent(target.split("/")[at] ?? "");
}

/** Put the same one after the other together: a service steps a trial a thousand times. What was refused is not the same as what was done. */
export function grouped<E extends Call>(entries: E[]): { entry: E; count: number }[] {
  const found: { entry: E; count: number }[] = [];
  const nameOf = (entry: E) => JSON.stringify([entry.what, entry.target, entry.who, isRefused(entry)]);
  for (const entry of entries) {
    const last = found.at(-1);
    if (last && nameOf(last.entry) === nameOf(entry)) last.count += 1;
    else found.push({ entry, count: 1 });
  }
  return found;
}

/** Whether an entry is of a call that was forbidden, which has changed nothing. */
export function isRefused({ detail }: { detail: object }): boolean {
  return "status" in detail && detail.status === 403;
}
