// Units as people write them; the API uses the codes of SenML (RFC 8428) and UCUM.
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

export function unitText(unit: string): string {
  return TEXTS[unit] ?? unit;
}

/** Shares are shown in per cent; all else as it is. */
export function shown(value: number, unit: string): number {
  return unit === "/" ? 100 * value : value;
}

export function digitsOf(unit: string, digits: number): number {
  return unit === "/" ? Math.max(0, digits - 2) : Math.min(digits, 2);
}
