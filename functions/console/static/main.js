/** Begins the console: signs in when the deployment asks for it, then shows the page that the address names. */

import { useAccessToken } from "./api.js";
import { announce, button, element, openDialog } from "./elements.js";

// Each page has its own module, loaded when it is first shown: `show(place, parameters)` fills the place, and may give
// back what must be asked before it is left.
const PAGES = [
  [/^\/webhooks$/, "Webhooks", () => import("./webhooks.js")],
  [/^\/webhooks\/new$/, "New webhook", () => import("./webhook.js")],
  [/^\/webhooks\/(?<id>wh_\w+)$/, "Webhook", () => import("./webhook.js")],
  [/^\/webhooks\/(?<id>wh_\w+)\/deliveries$/, "Deliveries", () => import("./deliveries.js")],
  [/^\/deliveries\/(?<id>dlv_\w+)$/, "Delivery", () => import("./delivery.js")],
];
const HOME = "/webhooks";

const main = document.getElementById("main");
let shown = null;
let mayLeave = () => true;

async function showAddressed() {
  const address = location.hash.slice(1) || HOME;
  if (address === shown) return;
  if (!mayLeave() && !(await confirmLeaving())) {
    history.replaceState(null, "", `#${shown}`);
    return;
  }
  const first = shown === null;
  shown = address;
  mayLeave = () => true;
  await showPage(address, first);
}

async function showPage(address, first) {
  const [path, query = ""] = address.split("?");
  const found = PAGES.find(([pattern]) => pattern.test(path));
  document.title = `${found?.[1] ?? "Not found"} · Grantwire`;
  const place = element("div", { class: "page" });
  try {
    if (!found) throw new Error(`There is no page ${path}.`);
    const page = await found[2]();
    const parameters = { ...path.match(found[0]).groups, query: new URLSearchParams(query) };
    const leaving = await page.show(place, parameters);
    if (address !== shown) return;
    mayLeave = leaving ?? (() => true);
  } catch (error) {
    if (address !== shown) return;
    place.replaceChildren(failure(error, () => { shown = null; showAddressed(); }));
  }
  main.replaceChildren(place);
  markNavigation(path);
  if (!first) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function failure(error, again) {
  return element("div", { class: "empty", role: "alert" },
    element("h1", {}, "This page cannot be shown"),
    element("p", {}, error.message),
    element("p", { class: "actions centred" }, button("Try again", again),
      element("a", { class: "button quiet", href: `#${HOME}` }, "All webhooks")));
}

function markNavigation(path) {
  for (const one of document.querySelectorAll("nav[aria-label=Main] a")) {
    const here = path.startsWith("/webhooks") || path.startsWith("/deliveries");
    one.toggleAttribute("aria-current", here && one.hash === `#${HOME}`);
  }
}

async function confirmLeaving() {
  return openDialog("Leave without saving?", (close) => element("div", {},
    element("p", {}, "What you changed on this page is not saved."),
    element("p", { class: "actions" },
      button("Stay here", () => close(false), { kind: "primary", autofocus: true }),
      button("Leave", () => close(true)))));
}

async function begin() {
  const signIn = JSON.parse(document.querySelector("script[data-sign-in]").dataset.signIn);
  if (signIn) {
    const { signedIn } = await import("./sign_in.js");
    const session = await signedIn(signIn);
    useAccessToken(session.accessToken);
    document.getElementById("account").replaceChildren(button("Sign out", session.signOut, { kind: "quiet" }));
  }
  addEventListener("hashchange", showAddressed);
  addEventListener("beforeunload", (event) => { if (!mayLeave()) event.preventDefault(); });
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
  await showAddressed();
}

begin().catch((error) => {
  main.replaceChildren(failure(error, () => location.reload()));
  announce(error.message);
});
