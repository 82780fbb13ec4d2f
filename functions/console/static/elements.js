/**
 * How elements are made. What users, producers and receivers wrote is only ever set as text: nothing here, or in any
 * module of the console, reads markup.
 */

/**
 * An element. `on` maps events to listeners; `value` and `checked` are set as properties; any other name is an
 * attribute, left out when it is null, undefined or false. Children are nodes or texts, and lists of them.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(made, name, value);
  made.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

const PROPERTIES = new Set(["value", "checked"]);

function set(made, name, value) {
  if (name === "on") {
    for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
  } else if (PROPERTIES.has(name)) {
    made[name] = value;
  } else if (value !== null && value !== undefined && value !== false) {
    made.setAttribute(name, value === true ? "" : String(value));
  }
}

/** A button that does something; `kind` is one of its looks: primary, quiet, danger. */
export function button(text, press, { kind = "", ...attributes } = {}) {
  return element("button", { type: "button", class: kind, on: { click: press }, ...attributes }, text);
}

/** A link to another place of the console. */
export function link(text, to, attributes = {}) {
  return element("a", { href: `#${to}`, ...attributes }, text);
}

let counted = 0;

/** An id that no other element of this page has. */
export function uniqueId(word) {
  counted += 1;
  return `${word}-${counted}`;
}

/**
 * Says something to whoever listens instead of looking, and shows it at the bottom for as long as it takes to read.
 * Where a dialog is open it is said in there, since all that lies beneath one is silent.
 */
export function announce(text) {
  const place = [...document.querySelectorAll("body > .announcement, dialog[open] .announcement")].at(-1);
  place.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { place.textContent = ""; }, Math.max(6000, text.length * 90));
}

/**
 * A dialog over the page, closed by Escape, its × or what it is given: `fill(close)` gives its content. Resolves with
 * what `close` was called with, undefined when it was dismissed. `kind`: "panel" for one along the side, which holds
 * nothing that could be lost and is closed by a click beside it too.
 */
export function openDialog(title, fill, { kind = "" } = {}) {
  return new Promise((resolve) => {
    let result;
    const left = document.activeElement;
    const heading = element("h2", { id: uniqueId("dialog"), tabindex: "-1" }, title);
    const dialog = element("dialog", { class: kind, "aria-labelledby": heading.id });
    const close = (value) => { result = value; dialog.close(); };
    dialog.addEventListener("close", () => { dialog.remove(); takeUpCaret(left); resolve(result); });
    if (kind === "panel") dialog.addEventListener("click", ({ target }) => { if (target === dialog) close(); });
    const dismiss = button("×", () => close(), { kind: "quiet close", "aria-label": "Close" });
    const head = element("div", { class: "dialog-head" }, heading, dismiss);
    dialog.append(element("div", { class: "dialog" }, head, fill(close)),
      element("p", { class: "announcement", role: "status" }));
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector("[autofocus]") ?? heading).focus();
  });
}

/** A dialog that the mouse has closed gives the focus back to a text, but no caret: keys would do nothing there. */
function takeUpCaret(left) {
  if (left !== document.activeElement || !left.matches("input, textarea")) return;
  left.blur();
  left.focus({ preventScroll: true });
}

/** Closes whatever is open, as if it were dismissed: the page beneath is left. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

/** Where one is: links to what lies above, given as [text, to]. */
export function crumbs(...above) {
  return element("nav", { class: "crumbs", "aria-label": "Above" }, element("ol", {},
    above.map(([text, to]) => element("li", {}, link(text, to)))));
}

/** A button that opens a short list of others, given as [text, press] or [text, press, kind]. */
export function menu(label, items, { text = label, kind = "quiet" } = {}) {
  const made = element("details", { class: "menu" });
  const close = () => { made.open = false; };
  const entries = items.map(([name, press, look = ""]) => element("li", {},
    button(name, () => { close(); made.firstChild.focus(); press(); }, { kind: `quiet ${look}` })));
  made.append(element("summary", { class: `button ${kind}`, "aria-label": text === label ? null : label }, text),
    element("ul", {}, entries));
  made.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && made.open) { close(); made.firstChild.focus(); event.stopPropagation(); }
  });
  made.addEventListener("focusout", (event) => { if (!made.contains(event.relatedTarget)) close(); });
  made.addEventListener("mousedown", (event) => { if (event.target !== made.firstChild) event.preventDefault(); });
  return made;
}

const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [30 * 86400, "day", 86400]];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en";
const ABSOLUTE = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" });

/** A moment: "3 minutes ago", and here and in UTC when it is pointed at. `iso` is ISO 8601, or null. */
export function moment(iso, { absolute = false } = {}) {
  if (!iso) return element("span", { class: "quiet" }, "–");
  const date = new Date(iso);
  const exact = ABSOLUTE.format(date);
  return element("time", { datetime: iso, title: `${exact} (${iso})` }, absolute ? exact : ago(date));
}

function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const step = STEPS.find(([below]) => Math.abs(seconds) < below);
  return step ? RELATIVE.format(Math.round(seconds / step[2]), step[1]) : DATE.format(date);
}

/** Milliseconds as people read them: 842 ms, 3.2 s. */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** "1 delivery", "3 deliveries". */
export function quantity(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

const STATES = { succeeded: "Succeeded", failed: "Failed", waiting: "Waiting", delivering: "Delivering" };

/** The states of a delivery as [state, word]. */
export const DELIVERY_STATES = Object.entries(STATES);

/** A delivery's state: a dot, the word, and why when it is pointed at. */
export function stateView({ state, reason }) {
  return element("span", { class: `state ${state}`, title: reason ?? "" }, STATES[state] ?? state);
}

/**
 * A table that grows as one scrolls down. `ask(cursor, signal)` gives a page of the API's: its items and the next
 * cursor; `row(item)` a row; `heads` the columns' names; `empty()` what is shown in place of a table without rows.
 */
export class GrowingTable {
  constructor({ name, caption, heads, ask, row, empty }) {
    Object.assign(this, { ask, row, empty });
    this.body = element("tbody");
    this.more = button("Show more", () => this.grow(), { kind: "quiet" });
    this.count = element("p", { class: "unseen", role: "status" });
    this.place = element("div");
    this.element = element("div", {}, this.place, this.count);
    this.table = element("div", {},
      element("table", { class: `list ${name}` }, element("caption", { class: "unseen" }, caption),
        element("thead", {}, element("tr", {}, heads.map((one) => element("th", { scope: "col" }, one)))), this.body),
      element("p", { class: "centred" }, this.more));
    new IntersectionObserver(([one]) => { if (one.isIntersecting && this.cursor && !this.asked) this.grow(); },
      { rootMargin: "600px" }).observe(this.more);
  }

  /** The first page in place of what is shown; an older question without an answer yet is dropped. Throws ApiError. */
  async load() {
    const page = await this.asking(null);
    this.body.replaceChildren(...page.items.map((one) => this.row(one)));
    this.place.replaceChildren(page.items.length || page.next_cursor ? this.table : this.empty());
    this.took(page);
  }

  /** The first page anew; says what goes wrong. */
  async reload() {
    await this.tried(() => this.load());
  }

  /** One page more. */
  async grow() {
    await this.tried(async () => {
      const page = await this.asking(this.cursor);
      this.body.append(...page.items.map((one) => this.row(one)));
      this.took(page);
    });
  }

  async tried(act) {
    try {
      await act();
    } catch (error) {
      if (error.name !== "AbortError") announce(error.message);
    }
  }

  async asking(cursor) {
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    try {
      return await this.ask(cursor, asked.signal);
    } finally {
      if (this.asked === asked) this.asked = null;
    }
  }

  took({ next_cursor: cursor }) {
    this.cursor = cursor;
    this.more.hidden = !cursor;
    this.tell();
  }

  /** How many rows there are, for who does not see them. */
  tell() {
    this.count.textContent = `${quantity(this.body.children.length, "row")}${this.cursor ? ", more follow" : ""}`;
  }
}
