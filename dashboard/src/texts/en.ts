import { city } from "./en/city";
import { console } from "./en/console";
import { demo } from "./en/demo";
import { worlds } from "./en/worlds";
import { trials } from "./en/trials";
import type { Key } from "./fr";

export const en: Record<Key, string> = { ...city, ...console, ...demo, ...worlds, ...trials };
