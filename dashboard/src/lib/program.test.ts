import { expect, test } from "vitest";
import { curlOf, pythonOf } from "./program";

test("a line holds all that it needs", () => {
  expect(curlOf("http://a:1", "/v1/latest?sensor=x&world=y")).toBe('curl -H "Authorization: Bearer $KEY" "http://a:1/v1/latest?sensor=x&world=y"');
  const begin = 'import os; from zenata_client import Client; print(Client("http://a:1", os.environ["KEY"]).';
  expect(pythonOf("http://a:1", "ledger")).toBe(`${begin}ledger())`);
  expect(pythonOf("http://a:1", "show_trial", "t-1")).toBe(`${begin}show_trial("t-1"))`);
  expect(pythonOf("http://a:1", "latest", { sensor: "x", world: 'y"z' })).toBe(`${begin}latest(sensor="x", world="y\\"z"))`);
});
