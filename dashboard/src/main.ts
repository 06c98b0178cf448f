import "@fontsource-variable/readex-pro/wght.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { loadTexts, locale } from "./lib/locale.svelte";

const target = document.getElementById("app");
await loadTexts(locale.language).catch(() => undefined); // in French, then
if (target) {
  target.replaceChildren();
  mount(App, { target });
}
