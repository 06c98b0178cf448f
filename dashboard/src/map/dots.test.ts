import { afterEach, expect, test, vi } from "vitest";
import { Dots } from "./dots";

const SCALE = { low: 0, high: 1 };

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Stand in for a page whose canvas has this, and for its workers; return those that were made. */
function page(canvas: object) {
  const workers: FakeWorker[] = [];
  class FakeWorker {
    onerror: (() => void) | null = null;
    postMessage = vi.fn();
    terminate = vi.fn();
    constructor() {
      workers.push(this);
    }
  }
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("document", { createElement: () => ({ setAttribute: vi.fn(), remove: vi.fn(), ...canvas }) });
  return workers;
}

test("a worker that does not load is told", () => {
  const [workers, onfail] = [page({ transferControlToOffscreen: () => ({}) }), vi.fn()];
  new Dots(onfail);
  expect(onfail).not.toHaveBeenCalled();
  workers[0]!.onerror!();
  expect(onfail.mock.calls).toEqual([["not_loaded"]]);
});

test("a browser without a canvas for workers is told, and shows nothing", () => {
  const [workers, onfail] = [page({}), vi.fn()];
  const dots = new Dots(onfail);
  expect(onfail.mock.calls).toEqual([["old_browser"]]);
  dots.update(new Float32Array(), new Uint8Array(), SCALE);
  dots.remove();
  expect(workers).toEqual([]);
});
