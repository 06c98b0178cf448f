// Languages: texts, numbers and dates in French (default), English and Arabic. Texts are loaded in the language of the page alone.
import type { Key } from "../texts/fr";

export type { Key };

export type Language = "fr" | "en" | "ar";
export const LANGUAGES: readonly Language[] = ["fr", "en", "ar"];
export const LANGUAGE_NAMES: Record<Language, string> = { fr: "Français", en: "English", ar: "العربية" };

type Texts = Record<Key, string>;
const LOADED: Partial<Record<Language, Texts>> = {};
const TEXTS: Record<Language, () => Promise<Texts>> = {
  fr: async () => (await import("../texts/fr")).fr,
  en: async () => (await import("../texts/en")).en,
  ar: async () => (await import("../texts/ar")).ar,
};

/** Load the texts of a language, before anything is said in it. */
export async function loadTexts(language: Language): Promise<void> {
  LOADED[language] ??= await TEXTS[language]();
}

// Western digits in Arabic too, as in Morocco. 24 hours, day before month.
const TAGS: Record<Language, string> = { fr: "fr-MA", en: "en-GB", ar: "ar-MA-u-nu-latn" };
export const ZONE = "Africa/Casablanca";

interface Titled {
  titles?: Partial<Record<Language, string>> | null;
  title?: string;
  name?: string;
}

function initial(): Language {
  const wanted = new URLSearchParams(globalThis.location?.search ?? "").get("lang") ?? stored();
  return LANGUAGES.find((language) => language === wanted) ?? "fr";
}

function stored(): string | null {
  try {
    return localStorage.getItem("language");
  } catch {
    return null; // storage is off
  }
}

class Locale {
  language = $state<Language>(initial());
  tag = $derived(TAGS[this.language]);
  direction = $derived<"rtl" | "ltr">(this.language === "ar" ? "rtl" : "ltr");

  async choose(language: Language): Promise<void> {
    await loadTexts(language);
    this.language = language;
    try {
      localStorage.setItem("language", language);
    } catch {
      // The address holds it all the same.
    }
  }
}

export const locale = new Locale();

/** Return a text in the language of the page; `{name}` is filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return LOADED[locale.language]![key].replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name];
    return value === undefined ? all : isolated(typeof value === "number" ? number(value) : value);
  });
}

/** Set a value apart from the Arabic around it, as `<bdi>` does in a template (Unicode UAX 9). */
function isolated(value: string): string {
  return locale.direction === "rtl" ? `\u2068${value}\u2069` : value;
}

/** Whether the page has a text of its own under a key, such as of a challenge that it knows. */
export function isKey(key: string): key is Key {
  return key in LOADED[locale.language]!;
}

/** Return what a measure, an impact or a chart of a trial is called: the API names it in English, in one word. */
export function titleOfMeasure(name: string): string {
  const key = `measure_${name}`;
  return isKey(key) ? t(key) : name.replaceAll("_", " ");
}

/** Return the name of something that the API names in three languages. */
export function titleOf(item: Titled | undefined | null): string {
  return typeset(item?.titles?.[locale.language] ?? item?.title ?? item?.name ?? "");
}

/** Return a sentence of the API that it has in three languages, such as the detail of an alert. */
export function sentenceOf(texts: Record<Language, string>): string {
  return typeset(texts[locale.language]);
}

/** Set a text of the API as the page sets its own: in French with its apostrophe, and no line that begins with a colon. */
export function typeset(text: string): string {
  return locale.language === "fr" ? text.replaceAll("'", "’").replace(/ (?=[:;?!»%])/g, "\u00a0") : text;
}

/** Return a number as it is written in the language of the page. */
export function number(value: number, digits = 0, options: Intl.NumberFormatOptions = {}): string {
  return formatter(locale.tag, digits, options).format(value);
}

const formatters = new Map<string, Intl.NumberFormat>();
function formatter(tag: string, digits: number, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${tag} ${digits} ${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.NumberFormat(tag, { maximumFractionDigits: digits, ...options });
    formatters.set(key, found);
  }
  return found;
}

/** Return a time of the world on the clock of the city: `milliseconds` since 1970. */
export function clock(milliseconds: number, style: ClockStyle = "full"): string {
  // Morocco is on UTC+0 for good since 20 September 2026; zone tables of browsers may not know it yet.
  return clockFormatter(locale.tag, zoneAt(milliseconds), style).format(milliseconds);
}

type ClockStyle = "time" | "minute" | "full" | "day" | "weekday";
const CLOCKS: Record<ClockStyle, Intl.DateTimeFormatOptions> = {
  time: { timeStyle: "medium" },
  minute: { timeStyle: "short" },
  day: { weekday: "short", day: "numeric", month: "short" },
  weekday: { weekday: "short" },
  full: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
};
const clocks = new Map<string, Intl.DateTimeFormat>(); // to make one takes half a millisecond
function clockFormatter(tag: string, timeZone: string, style: ClockStyle): Intl.DateTimeFormat {
  const key = `${tag} ${timeZone} ${style}`;
  let found = clocks.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(tag, { timeZone, hourCycle: "h23", ...CLOCKS[style] });
    clocks.set(key, found);
  }
  return found;
}

const UTC_SINCE = Date.UTC(2026, 8, 20, 1);
function zoneAt(milliseconds: number): string {
  return milliseconds >= UTC_SINCE ? "UTC" : ZONE;
}

/** Return a span of time in its biggest fitting unit: "12 s", "3 min". */
export function span(seconds: number): string {
  const [divisor, unit] =
    seconds < 90 ? [1, "second"] : seconds < 5_400 ? [60, "minute"] : seconds < 172_800 ? [3_600, "hour"] : [86_400, "day"];
  return number(Math.max(0, Math.round(seconds / Number(divisor))), 0, { style: "unit", unit: String(unit), unitDisplay: "short" }).replaceAll(" ", "\u00a0");
}

/** Return whole hours in words short enough for a big figure. */
export function hours(count: number): string {
  return locale.language === "ar" ? number(count, 0, { style: "unit", unit: "hour", unitDisplay: "long" }) : `${number(count)} h`;
}

/** Sum up many bytes: "12.5 MB". */
export function bytes(count: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  return number(count / 1_000 ** power, 1, { style: "unit", unit: units[power]!, unitDisplay: "short" });
}
