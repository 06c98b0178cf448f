import "@fontsource-variable/readex-pro/wght.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { loadTexts, locale } from "./lib/locale.svelte";

const RETRY = 2_000; // [ms]
const target = document.getElementById("app");
loadTexts(locale.language).then(
  () => {
    if (!target) return;
    target.replaceChildren();
    mount(App, { target });
  },
  () => reload(),
);

/** Without texts there is nothing to say: load the page again, once the server answers, as a browser shows its own error instead. */
function reload(): void {
  setTimeout(() => void fetch("/healthz", { cache: "no-store" }).then(({ ok }) => (ok ? location.reload() : reload()), reload), RETRY);
}
