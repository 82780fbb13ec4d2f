/** The parts of a form: a field with label, hint and problem; rows that can be added and removed; values one by one. */

import { announce, button, element, uniqueId } from "./elements.js";

/** What a person fills in. */
export const INPUT = "input, select, textarea";

/**
 * A field: a label, its control and a hint. `key` is its name in the document (in a row: within the row), by which
 * problems find it. The label is that of the first input in `control`.
 */
export function field(key, label, control, { hint = null, className = "" } = {}) {
  const input = control.matches(INPUT) ? control : control.querySelector(INPUT);
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
  const given = { type: "text", value: value ?? "", autocomplete: "off", spellcheck: "false" };
  return element("input", { ...given, ...attributes });
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
    this.add = button(`Add ${noun}`, () => this.added(), { kind: "quiet add" });
    this.element = element("div", {}, this.list, this.add);
    for (const one of given) this.append(one);
    this.number();
  }

  append(given) {
    const made = this.make(given);
    const row = element("div", { class: "row", role: "group" }, made.parts,
      button("×", () => this.remove(row), { kind: "quiet remove" }));
    row.made = made;
    this.list.append(row);
    return row;
  }

  added() {
    this.append({}).querySelector("input, select").focus();
    this.changed();
  }

  /** Whoever removes one is at the next one then, or at the last, or where one is added. */
  remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector(".remove") ?? this.add).focus();
    this.changed();
  }

  changed() {
    this.number();
    this.list.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** So that who does not see where a row stands hears it. */
  number() {
    [...this.list.children].forEach((row, index) => {
      row.setAttribute("aria-label", `${this.noun} ${index + 1}`);
      row.querySelector(".remove").setAttribute("aria-label", `Remove ${this.noun} ${index + 1}`);
    });
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
    this.list = element("ul", { class: "chips", "aria-label": label });
    this.input = text("", { placeholder: "Type a value, press Enter", on: { keydown: (event) => this.key(event) } });
    this.element = element("div", { class: "values" }, this.input, this.list);
    this.show();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.take();
    } else if (event.key === "Backspace" && !this.input.value && this.values.length) {
      this.remove(this.values.length - 1);
    }
  }

  take() {
    const { value } = this.input;
    if (!value.trim()) return;
    this.input.value = "";
    if (!this.values.includes(value)) this.values.push(value);
    this.changed();
  }

  remove(index) {
    const [gone] = this.values.splice(index, 1);
    this.input.focus();
    this.changed();
    announce(`${gone} is removed.`);
  }

  changed() {
    this.show();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    this.list.replaceChildren(...this.values.map((value, index) => element("li", {}, element("span", {}, value),
      button("×", () => this.remove(index), { kind: "quiet", "aria-label": `Remove ${value}` }))));
  }

  /** What is in the box still counts: nobody should lose a value for want of an Enter. */
  read() {
    const typed = this.input.value.trim() ? [this.input.value] : [];
    return [...new Set([...this.values, ...typed])];
  }
}
