// Values in Arabic sentences: each id, number or time stands apart from the text around it, so that neither turns the other.
import { parse } from "svelte/compiler";
import { expect, test } from "vitest";

interface Node {
  type: string;
  start: number;
  end: number;
  name?: string;
  attributes?: { type: string; name?: string }[];
  expression?: Expression;
  [member: string]: unknown;
}
interface Expression {
  type: string;
  callee?: { name?: string };
  consequent?: Expression;
  alternate?: Expression;
  left?: Expression;
  right?: Expression;
  operator?: string;
}

/** Functions that return words in the language of the page, with what they hold set apart. */
const WORDS = new Set(["t", "titleOf", "titleOfMeasure", "titleOfSensor", "typeset", "sentenceOf", "unitText", "isolated", "joined"]);
const INLINE = new Set(["span", "b", "i", "a", "small", "strong", "em", "label", "summary", "button", "option", "title"]);

function isWords(one: Expression | undefined): boolean {
  if (!one) return true;
  if (one.type === "Literal") return true;
  if (one.type === "CallExpression") return WORDS.has(one.callee?.name ?? "");
  if (one.type === "ConditionalExpression") return isWords(one.consequent) && isWords(one.alternate);
  if (one.type === "LogicalExpression") return isWords(one.right) && (one.operator === "&&" || isWords(one.left));
  return false;
}

/** Return the values of a template that stand bare beside other text of the same line. */
export function bare(source: string): string[] {
  const found: string[] = [];
  const isEmpty = (node: Node | null) => !node || (node.type === "Text" && !String(node.data).trim()) || node.type === "Comment";
  function walk(node: Node, apart: boolean, alone: boolean): void {
    if (node.type === "ExpressionTag" && !apart && !alone && !isWords(node.expression)) found.push(source.slice(node.start, node.end));
    if (node.type === "Attribute" || node.type === "Script") return;
    const isElement = node.type === "RegularElement";
    const isolates = isElement && (node.name === "bdi" || node.name === "code" || node.name === "option" || node.attributes?.some((one) => one.name === "dir"));
    const isBlock = isElement && !INLINE.has(node.name ?? "");
    for (const [member, value] of Object.entries(node)) {
      if (member === "attributes" || member === "expression" || typeof value !== "object" || value === null) continue;
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type !== "string") continue;
        const nodes = Array.isArray(value) ? (value as Node[]).filter((one) => !isEmpty(one)) : [];
        const only = node.type === "Fragment" && nodes.length === 1 ? alone : node.type === "Fragment" ? false : isBlock || alone;
        walk(child as Node, apart || Boolean(isolates), only);
      }
    }
  }
  walk(parse(source, { modern: true }).fragment as unknown as Node, false, true);
  return found;
}

test("what stands bare is found, and what is set apart is not", () => {
  expect(bare("<p>{t('a')} {one.id}</p>")).toEqual(["{one.id}"]);
  expect(bare("<p>{t('a')} <b>{number(1)}</b></p>")).toEqual(["{number(1)}"]);
  expect(bare("<p>{t('a')} <bdi>{one.id}</bdi> <code>{x}</code> <b dir='ltr'>{y}</b></p><td>{one.id}</td><td><b>{z}</b></td>")).toEqual([]);
  expect(bare("<p>{#if a}{one.id}{:else}–{/if} · {t('b')}</p>")).toEqual(["{one.id}"]);
});

test("every value of the page is set apart from the text beside it", () => {
  const files = import.meta.glob<string>("./**/*.svelte", { query: "?raw", import: "default", eager: true });
  expect(Object.keys(files).length).toBeGreaterThan(30);
  const all = Object.entries(files).flatMap(([name, source]) => bare(source).map((value) => `${name}: ${value}`));
  expect(all).toEqual([]);
}, 120_000);
