// Location of the page: every view is a link, so what a view shows stands in the address.
export type Page = "city" | "pilots" | "me" | "ledger" | "worlds" | "trials" | "demo" | "wall" | "xr";

const PAGES: Record<string, Page> = {
  "": "city",
  pilots: "pilots",
  me: "me",
  ledger: "ledger",
  worlds: "worlds",
  trials: "trials",
  demo: "demo",
  wall: "wall",
  xr: "xr",
};

function pageOf(path: string): Page {
  return PAGES[path.split("/")[1] ?? ""] ?? "city";
}

class Route {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  page = $derived(pageOf(this.path));
  /** The part of the path after the page: /pilots/green has "green". */
  name = $derived(decodeURIComponent(this.path.split("/")[2] ?? ""));

  constructor() {
    addEventListener("popstate", () => this.#read());
  }

  get(name: string): string | null {
    return this.query.get(name);
  }

  /** Change parameters of the address; null removes one. `push` makes a step that "back" undoes. */
  set(changes: Record<string, string | null>, push = false): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") query.delete(name);
      else query.set(name, value);
    }
    this.#write(this.path, query, push);
  }

  /** Go to another page; language and theme come along. */
  go(path: string): void {
    this.#write(path, this.#kept(), true);
    scrollTo(0, 0);
  }

  /** Return the address of another page, for links. */
  href(path: string): string {
    const text = this.#kept().toString();
    return text ? `${path}?${text}` : path;
  }

  #kept(): URLSearchParams {
    const query = new URLSearchParams();
    for (const name of ["lang", "theme"]) {
      const value = this.query.get(name);
      if (value) query.set(name, value);
    }
    return query;
  }

  #write(path: string, query: URLSearchParams, push: boolean): void {
    const text = readable(query);
    const address = text ? `${path}?${text}` : path;
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.#read();
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }
}

function readable(query: URLSearchParams): string {
  return query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%3A", ":");
}

export const route = new Route();

/** Follow a link inside the page without loading it anew. */
export function follow(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (!(link.pathname.split("/")[1]! in PAGES)) return; // the API's own pages
  event.preventDefault();
  route.go(link.pathname);
}
