/** Begins the console: signs in when the deployment asks for it, then shows the page that the address names. */

import { useSession } from "./api.js";
import { announce, button, closeDialogs, element, openDialog } from "./elements.js";

// Each page has its own module, loaded when it is first shown: `show(place, parameters)` fills the place, and may give
// back what must be asked before it is left. A list tells `remember` what it is searched for, and a page whose address
// has become another one tells `moved`.
const PAGES = [
  [/^\/webhooks$/, () => import("./webhooks.js")],
  [/^\/webhooks\/new$/, () => import("./webhook.js")],
  [/^\/webhooks\/(?<id>wh_\w+)$/, () => import("./webhook.js")],
  [/^\/webhooks\/(?<id>wh_\w+)\/deliveries$/, () => import("./deliveries.js")],
  [/^\/deliveries\/(?<id>dlv_\w+)$/, () => import("./delivery.js")],
];
const HOME = "/webhooks";
const LONG_MS = 1000;

const main = document.getElementById("main");
let shown = null;
let shownKey = null;
let shownPlace = null;
let asking = false;
let due = null;
let mayLeave = () => true;

async function showAddressed() {
  if (addressed() === shown || asking) return;
  if (!mayLeave() && !(await confirmLeaving())) {
    comeBack();
    return;
  }
  const first = shown === null;
  shown = addressed();
  due = null;
  shownKey = window.navigation?.currentEntry.key;
  mayLeave = () => true;
  closeDialogs();
  await showPage(shown, first);
}

function addressed() {
  return location.hash.slice(1) || HOME;
}

/** The address holds what a list is searched for, so that Back finds it so again. What was left changes it no more. */
function remember(place, wanted) {
  if (place !== shownPlace || addressed() !== shown) return;
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  readdress(`${shown.split("?")[0]}${query.size ? "?" : ""}${query}`);
}

/** The page that is shown has this address from now on; while somebody is asked whether to leave it, when they stay. */
function moved(place, address) {
  if (place !== shownPlace) return;
  due = address;
  settleAddress();
}

function settleAddress() {
  if (!due || addressed() !== shown) return;
  readdress(due);
  due = null;
  entitle(shownPlace);
}

function readdress(address) {
  shown = address;
  history.replaceState(null, "", `#${address}`);
}

/**
 * To the place in the history that was left for another, which stays as it is: Back leads there again. A browser that
 * cannot tell its places apart gets the address right, at the cost of that other place.
 */
async function comeBack() {
  if (shownKey) await navigation.traverseTo(shownKey).committed.catch(() => {});
  else readdress(shown);
  settleAddress();
}

async function showPage(address, first) {
  const place = element("div", { class: "page" });
  shownPlace = place;
  const slow = setTimeout(() => announce("Loading …"), LONG_MS);
  main.setAttribute("aria-busy", "true");
  try {
    mayLeave = await filled(place, address) ?? mayLeave;
  } catch (error) {
    place.replaceChildren(failure(error));
  } finally {
    clearTimeout(slow);
  }
  if (address !== shown) return;
  main.removeAttribute("aria-busy");
  main.replaceChildren(place);
  entitle(place);
  markNavigation(address);
  if (first) return;
  const heading = place.querySelector("h1");
  scrollTo(0, 0);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function entitle(place) {
  document.title = `${place.querySelector("h1").textContent} · Grantwire`;
}

async function filled(place, address) {
  const [path, query = ""] = address.split("?");
  const [pattern, load] = PAGES.find(([one]) => one.test(path)) ?? [];
  if (!load) throw new Error(`There is no page ${path}.`);
  const page = await load().catch(() => { throw new UnloadedError(); });
  const leaving = await page.show(place, { ...path.match(pattern).groups, query: new URLSearchParams(query),
    remember: (wanted) => remember(place, wanted), moved: (to) => moved(place, to) });
  return address === shown ? leaving : null;
}

/** A module that did not come is not asked for again by the browser before the page is loaded anew. */
class UnloadedError extends Error {
  constructor() {
    super("A part of the console could not be loaded: the connection failed, or the console was updated meanwhile.");
  }
}

function failure(error, again = () => { shown = null; showAddressed(); }) {
  const way = error instanceof UnloadedError ? button("Reload", () => location.reload()) : button("Try again", again);
  return element("div", { class: "empty", role: "alert" },
    element("h1", {}, "This page cannot be shown"),
    element("p", {}, error.message),
    element("p", { class: "actions centred" }, way,
      element("a", { class: "button quiet", href: `#${HOME}` }, "All webhooks")));
}

function markNavigation(address) {
  const here = /^\/(webhooks|deliveries)\b/.test(address);
  const one = document.querySelector("nav[aria-label=Main] a");
  if (here) one.setAttribute("aria-current", address.split("?")[0] === HOME ? "page" : "true");
  else one.removeAttribute("aria-current");
}

async function confirmLeaving() {
  asking = true;
  const leave = await openDialog("Leave without saving?", (close) => element("div", {},
    element("p", {}, "What you changed on this page is not saved."),
    element("p", { class: "actions" },
      button("Stay here", () => close(false), { kind: "primary", autofocus: true }),
      button("Leave", () => close(true)))));
  asking = false;
  return leave;
}

async function begin() {
  const signIn = JSON.parse(document.querySelector("script[data-sign-in]").dataset.signIn);
  if (signIn) {
    const { signedIn } = await import("./sign_in.js");
    const session = await signedIn(signIn);
    useSession(session);
    document.getElementById("account").replaceChildren(button("Sign out", session.signOut, { kind: "quiet" }));
  }
  addEventListener("hashchange", showAddressed);
  addEventListener("beforeunload", (event) => { if (!mayLeave()) event.preventDefault(); });
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
  await showAddressed();
}

begin().catch((error) => main.replaceChildren(failure(error, () => location.reload())));
