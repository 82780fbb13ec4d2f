/**
 * How elements are made. What users, producers and receivers wrote is only ever set as text: nothing here, or in any
 * module of the console, reads markup.
 */

/**
 * An element. `on` maps events to listeners; `value`, `checked`, `open`, `indeterminate` are set as properties; any other
 * name is an attribute, left out when it is null, undefined or false. Children are nodes or texts, and lists of them.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(made, name, value);
  made.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

const PROPERTIES = new Set(["value", "checked", "indeterminate", "textContent"]);

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

/** Says something to whoever listens instead of looking, and shows it for a moment at the bottom. */
export function announce(text) {
  const place = document.getElementById("announcement");
  place.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { place.textContent = ""; }, 6000);
}

/**
 * A dialog over the page, closed by Escape, its × or what it is given: `fill(close)` gives its content. Resolves with what
 * `close` was called with, undefined when it was dismissed. `kind`: "panel" for one along the side.
 */
export function openDialog(title, fill, { kind = "" } = {}) {
  return new Promise((resolve) => {
    let result;
    const heading = element("h2", { id: uniqueId("dialog"), tabindex: "-1" }, title);
    const dialog = element("dialog", { class: kind, "aria-labelledby": heading.id });
    const close = (value) => { result = value; dialog.close(); };
    dialog.addEventListener("close", () => { dialog.remove(); resolve(result); });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
    const dismiss = button("×", () => close(), { kind: "quiet close", "aria-label": "Close" });
    dialog.append(element("div", { class: "dialog" }, element("header", {}, heading, dismiss), fill(close)));
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector("[autofocus]") ?? heading).focus();
  });
}

/** A button that opens a short list of others, given as [text, press] or [text, press, kind]. */
export function menu(label, items, { text = label, kind = "quiet" } = {}) {
  const made = element("details", { class: "menu" });
  const close = () => { made.open = false; };
  const entries = items.map(([name, press, look = ""]) =>
    element("li", {}, button(name, () => { close(); made.firstChild.focus(); press(); }, { kind: `quiet ${look}` })));
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
const ABSOLUTE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/** A moment: "3 minutes ago", and the date and time when it is pointed at. `iso` is ISO 8601, or null. */
export function moment(iso, { absolute = false } = {}) {
  if (!iso) return element("span", { class: "quiet" }, "–");
  const date = new Date(iso);
  const exact = ABSOLUTE.format(date);
  return element("time", { datetime: iso, title: exact }, absolute ? exact : ago(date));
}

function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const step = STEPS.find(([below]) => Math.abs(seconds) < below);
  return step ? RELATIVE.format(Math.round(seconds / step[2]), step[1]) : ABSOLUTE.format(date).split(",").slice(0, 2).join(",");
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
