/**
 * The editor of a body template: a textarea over a copy of its text, which numbers the lines, tints the tags and marks the
 * lines where something is wrong. The copy wraps as the textarea does, so both stay together.
 */

import { button, element } from "./elements.js";

const TAG = /(\{\{\{?[^{}]*\}?\}\})/;
const PLACE = /^line (\d+), column (\d+): /;

export class TemplateEditor {
  constructor(value) {
    this.copy = element("div", { class: "copy", "aria-hidden": "true" });
    this.input = element("textarea", { value, rows: 6, spellcheck: "false", autocomplete: "off", autocapitalize: "off", "data-template": true,
      on: { input: () => { this.marked = []; this.show(); } } });
    this.notes = element("ul", { class: "places" });
    this.element = element("div", {}, element("div", { class: "editor" }, this.copy, this.input), this.notes);
    this.marked = [];
    this.show();
  }

  get value() {
    return this.input.value;
  }

  set value(text) {
    this.input.value = text;
    this.show();
  }

  /** Marks places: `{line, column, message, wrong}`, or texts that begin with "line 2, column 8: ". */
  mark(places) {
    this.marked = places.map(placed);
    this.show();
  }

  show() {
    const worst = new Map();
    for (const one of this.marked) worst.set(one.line, worst.get(one.line) === "wrong" || one.wrong ? "wrong" : "doubtful");
    this.copy.replaceChildren(...this.value.split("\n").map((line, index) =>
      element("div", { class: `line ${worst.get(index + 1) ?? ""}` }, line.split(TAG).map((part, odd) => (odd % 2 ? element("mark", {}, part) : part)), "\u200b")));
    this.notes.replaceChildren(...this.marked.map((one) => this.note(one)));
  }

  note({ line, column, message, wrong }) {
    return element("li", { class: wrong ? "error" : "doubt" },
      line ? button(`Line ${line}, column ${column}`, () => this.goTo(line, column), { kind: "quiet place" }) : null, ` ${message}`);
  }

  goTo(line, column) {
    const before = this.value.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const start = before + column - 1;
    this.input.focus();
    this.input.setSelectionRange(start, Math.min(start + 1, this.value.length));
  }

  /** Puts a text where the caret is. */
  insert(text) {
    insertInto(this.input, text);
  }
}

/** Puts a text where the caret of any input is, and tells it so. */
export function insertInto(input, text) {
  input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
}

function placed(one) {
  if (typeof one !== "string") return one;
  const [whole = "", line = 0, column = 0] = one.match(PLACE) ?? [];
  const message = one.slice(whole.length);
  return { line: Number(line), column: Number(column), message: `${message[0].toUpperCase()}${message.slice(1)}`, wrong: true };
}
