import "@fontsource-variable/readex-pro/wght.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { loadTexts, locale } from "./lib/locale.svelte";

const RETRY = 2_000; // [ms] without texts there is nothing to say: the page tries again
const target = document.getElementById("app");
loadTexts(locale.language).then(
  () => {
    if (!target) return;
    target.replaceChildren();
    mount(App, { target });
  },
  () => setTimeout(() => location.reload(), RETRY),
);
