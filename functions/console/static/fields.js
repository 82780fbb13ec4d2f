/** The parts of a form: a field with its label, hint and problem; rows that can be added and removed; values typed one by one. */

import { button, element, uniqueId } from "./elements.js";

/**
 * A field: a label, its control and a hint. `key` is its name in the document (in a row: within the row), by which problems
 * find it. A control that is no single input is given a group's label.
 */
export function field(key, label, control, { hint = null, className = "" } = {}) {
  const input = control.matches("input, select, textarea") ? control : control.querySelector("input, select, textarea");
  const id = (input.id ||= uniqueId(key.replace(/\W/g, "-")));
  const [hintId, problemId] = [`${id}-hint`, `${id}-problem`];
  if (hint) input.setAttribute("aria-describedby", hintId);
  return element("div", { class: `field ${className}`, "data-key": key },
    element("label", { for: id }, label), control,
    hint ? element("p", { class: "hint", id: hintId }, hint) : null,
    element("p", { class: "error", id: problemId }));
}

/** A line of text; `attributes` as for an element. */
export function text(value, attributes = {}) {
  return element("input", { type: "text", value: value ?? "", autocomplete: "off", spellcheck: "false", ...attributes });
}

/** A choice of [value, label] pairs. */
export function choice(value, options, attributes = {}) {
  const made = element("select", attributes, options.map(([one, label]) => element("option", { value: one }, label)));
  made.value = value;
  return made;
}

/** A box to tick, with its label behind it. */
export function tick(label, checked, attributes = {}) {
  const box = element("input", { type: "checkbox", checked, ...attributes });
  return element("label", { class: "tick" }, box, element("span", {}, label));
}

/**
 * A list of the document whose rows can be added and removed. `make(given)` fills a row: its `parts` (elements) and
 * `read()`, which gives the row's value or null when it is left out.
 */
export class Rows {
  constructor(list, { noun, given, make }) {
    this.noun = noun;
    this.make = make;
    this.list = element("div", { class: "rows", "data-list": list });
    this.add = button(`Add ${noun}`, () => this.append({}, true), { kind: "quiet add" });
    this.element = element("div", {}, this.list, this.add);
    for (const one of given) this.append(one);
  }

  append(given, focused = false) {
    const made = this.make(given);
    const row = element("div", { class: "row", role: "group", "aria-label": this.noun }, made.parts,
      button("×", () => this.remove(row), { kind: "quiet remove", "aria-label": `Remove this ${this.noun}` }));
    row.read = made.read;
    row.made = made;
    this.list.append(row);
    if (focused) {
      row.querySelector("input, select").focus();
      this.changed();
    }
  }

  remove(row) {
    row.remove();
    this.add.focus();
    this.changed();
  }

  changed() {
    this.list.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** What each row was made of, in their order. */
  get made() {
    return [...this.list.children].map((row) => row.made);
  }

  read() {
    return this.made.map((one) => one.read()).filter((one) => one !== null);
  }
}

/** Values that are typed one after the other, Enter after each; read with `values`. */
export class Values {
  constructor(given, { label }) {
    this.values = given.map(String);
    this.label = label;
    this.list = element("ul", { class: "chips" });
    this.input = element("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: "Type a value, press Enter",
      on: { keydown: (event) => this.key(event), change: () => this.take() } });
    this.element = element("div", { class: "values" }, this.list, this.input);
    this.show();
  }

  key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.take();
    } else if (event.key === "Backspace" && !this.input.value && this.values.length) {
      this.values.pop();
      this.changed();
    }
  }

  take() {
    const value = this.input.value;
    if (!value.trim()) return;
    this.input.value = "";
    if (!this.values.includes(value)) this.values.push(value);
    this.changed();
  }

  changed() {
    this.show();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    this.list.replaceChildren(...this.values.map((value, index) => element("li", {}, element("span", {}, value),
      button("×", () => { this.values.splice(index, 1); this.changed(); this.input.focus(); }, { kind: "quiet", "aria-label": `Remove ${value}` }))));
  }

  /** What is in the box still counts: nobody should lose a value for want of an Enter. */
  read() {
    const typed = this.input.value.trim() ? [this.input.value] : [];
    return [...new Set([...this.values, ...typed])];
  }
}
