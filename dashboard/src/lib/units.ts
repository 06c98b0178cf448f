// Units as people write them; the API uses the codes of SenML (RFC 8428) and UCUM.
import { locale } from "./locale.svelte";

const TEXTS: Record<string, string> = {
  Cel: "°C",
  "%RH": "%",
  deg: "°",
  "W/m2": "W/m²",
  "ug/m3": "µg/m³",
  "1/min": "1/min",
  m3: "m³",
  "/": "%",
  count: "",
  "1": "",
};
/** In Arabic what is counted and paid for has words; symbols of physics stay as they are. */
const ARABIC: Record<string, string> = { DH: "درهم", min: "دقيقة", h: "ساعة", d: "يوم", m3: "م³", km: "كم", "1/min": "في الدقيقة" };

/** By how much all of the page is larger than on a desk: on wide screens (app.css). */
export function magnified(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

export function unitText(unit: string): string {
  return (locale.language === "ar" ? ARABIC[unit] : undefined) ?? TEXTS[unit] ?? unit;
}

/** Shares are shown in per cent; all else as it is. */
export function shown(value: number, unit: string): number {
  return unit === "/" ? 100 * value : value;
}

/** The unit of what one sensor says: what is 1 or 0, a share without digits, stays so; over several it is a share. */
export function unitOfOne({ unit, digits }: { unit: string; digits: number }): string {
  return unit === "/" && digits === 0 ? "1" : unit;
}

export function digitsOf(unit: string, digits: number): number {
  return unit === "/" ? Math.max(0, digits - 2) : Math.min(digits, 2);
}
