import { city } from "./ar/city";
import { console } from "./ar/console";
import { demo } from "./ar/demo";
import { worlds } from "./ar/worlds";
import { trials } from "./ar/trials";
import type { Key } from "./fr";

export const ar: Record<Key, string> = { ...city, ...console, ...demo, ...worlds, ...trials };
