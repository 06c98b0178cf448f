// Texts of the page in French, the default. The other languages have the same keys; the compiler checks it.
import { city } from "./fr/city";
import { console } from "./fr/console";
import { demo } from "./fr/demo";
import { worlds } from "./fr/worlds";
import { trials } from "./fr/trials";

export const fr = { ...city, ...console, ...demo, ...worlds, ...trials } as const;

export type Key = keyof typeof fr;
