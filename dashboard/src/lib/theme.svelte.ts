// Theme: light or dark, as the address or the reader wants it, else as the system has it.
import { route } from "./route.svelte";

const system = matchMedia("(prefers-color-scheme: dark)");

class Theme {
  #system = $state(system.matches);
  dark = $derived(route.get("theme") ? route.get("theme") === "dark" : this.#system);

  constructor() {
    system.addEventListener("change", (event) => (this.#system = event.matches));
  }

  toggle(): void {
    route.set({ theme: this.dark ? "light" : "dark" });
  }
}

export const theme = new Theme();
