// Calls of the sandbox's API, typed by its OpenAPI document (`npm run types`).
import createClient from "openapi-fetch";
import { locale } from "../lib/locale.svelte";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** The server has not answered. */
export class Unreachable extends Error {}

/** An answer that is an error, with what the API says to do about it (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** What the API said of this one in English, where it has no such sentence in the language of the page; else empty. */
    readonly original = "",
  ) {
    super(detail || title);
  }
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "http://127.0.0.1",
  credentials: "same-origin",
  headers: { "X-Requested-With": "zenata" },
});

// Problems come in the language of the page.
api.use({ onRequest: ({ request }) => request.headers.set("Accept-Language", locale.language) });

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Return the data of an answer, or throw its problem. */
export async function dataOf<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await reached(call);
  if (response.ok) return data as T;
  throw errorOf(response.status, error);
}

/** A page of the audit log, which the document also offers as CSV. */
export async function auditOf(query: { who?: string; limit: number }): Promise<Schemas["AuditEntry"][]> {
  const found = await dataOf(api.GET("/v1/audit", { params: { query } }));
  return (found as Schemas["AuditEntryPage"]).items;
}

/** Fetch what the OpenAPI document does not type: binary answers. */
export async function fetchBytes(path: string, signal?: AbortSignal): Promise<{ bytes: ArrayBuffer; headers: Headers }> {
  const asked = { credentials: "same-origin", headers: { "Accept-Language": locale.language }, ...(signal ? { signal } : {}) } as const;
  const response = await reached(fetch(path, asked));
  if (!response.ok) throw errorOf(response.status, await response.json().catch(() => null));
  return { bytes: await response.arrayBuffer(), headers: response.headers };
}

/** Wait for an answer. That none came is a TypeError of browsers, in a language of theirs. */
async function reached<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error;
  }
}

function errorOf(status: number, body: unknown): ApiError {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Partial<Record<string, string>>;
  return new ApiError(status, problem.title ?? `HTTP ${status}`, problem.detail ?? "", problem.original);
}
