/**
 * The editor of a body template: a textarea over a copy of its text, which numbers the lines, tints the tags and marks
 * the lines where something is wrong. The copy wraps as the textarea does, so both stay together.
 */

import { button, element, uniqueId } from "./elements.js";

const TAG = /(\{\{\{?[^{}]*\}?\}\})/;
// A longer line is one that nobody reads: it is shown without its tags tinted, so that typing in it stays quick.
const LONGEST_TINTED = 4000;
const PLACE = /^line (\d+), column (\d+): /;

export class TemplateEditor {
  constructor(value) {
    this.copy = element("div", { class: "copy", "aria-hidden": "true" });
    this.input = element("textarea", { value, rows: 6, spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      "data-template": true, on: { input: () => this.show() } });
    this.notes = element("ul", { class: "places", id: uniqueId("places"), "aria-live": "polite" });
    this.element = element("div", {}, element("div", { class: "editor" }, this.copy, this.input), this.notes);
    this.lines = [];
    this.marked = [];
    this.show();
  }

  get value() {
    return this.input.value;
  }

  /** Marks places: `{line, column, message, wrong}`, or texts that begin with "line 2, column 8: ". */
  mark(places) {
    const marked = places.map(placed);
    if (JSON.stringify(marked) === JSON.stringify(this.marked)) return;
    this.marked = marked;
    this.notes.replaceChildren(...marked.map((one) => this.note(one)));
    this.input.setAttribute("aria-invalid", String(marked.some((one) => one.wrong)));
    this.show();
  }

  /** Only the lines that have changed are made anew: a template has up to 64 KB, and is shown at each key. */
  show() {
    const looks = new Map();
    for (const { line, wrong } of this.marked) {
      looks.set(line, wrong || looks.get(line) === "wrong" ? "wrong" : "doubtful");
    }
    const wanted = this.value.split("\n").map((text, index) => ({ text, look: looks.get(index + 1) ?? "" }));
    const same = (one, other) => one?.text === other?.text && one?.look === other?.look;
    const least = Math.min(wanted.length, this.lines.length);
    let [head, tail] = [0, 0];
    while (head < least && same(wanted[head], this.lines[head])) head += 1;
    while (tail < least - head && same(wanted.at(-1 - tail), this.lines.at(-1 - tail))) tail += 1;
    const fresh = wanted.slice(head, wanted.length - tail);
    const stale = [...this.copy.children].slice(head, this.lines.length - tail);
    const after = this.copy.children[this.lines.length - tail] ?? null;
    for (const one of fresh) this.copy.insertBefore(lineOf(one), after);
    for (const one of stale) one.remove();
    this.lines = wanted;
  }

  note({ line, column, message, wrong }) {
    const go = () => this.goTo(line, column);
    return element("li", { class: wrong ? "error" : "doubt" },
      line ? button(`Line ${line}, column ${column}`, go, { kind: "quiet place" }) : null, ` ${message}`);
  }

  /** The API counts code points; a textarea counts an emoji, which is one of them, as two. */
  goTo(line, column) {
    const lines = this.value.split("\n");
    const characters = [...lines[line - 1] ?? ""];
    const before = [...lines.slice(0, line - 1), characters.slice(0, column - 1).join("")].join("\n");
    this.input.focus();
    this.input.setSelectionRange(before.length, before.length + (characters[column - 1] ?? "").length);
  }
}

/**
 * Puts a text where the caret of any input is, as if it were typed: it can be undone. No other way can be, though
 * this one is called obsolete; a browser that has it no more is served without undo, and told that there was input.
 */
export function insertInto(input, text) {
  input.focus();
  if (document.execCommand("insertText", false, text)) return;
  input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Whether a problem's text names its place. */
export function isPlaced(text) {
  return PLACE.test(text);
}

function lineOf({ text, look }) {
  const tinted = text.length <= LONGEST_TINTED ? text.split(TAG) : [text];
  const parts = tinted.map((part, index) => (index % 2 ? element("mark", {}, part) : part));
  return element("div", { class: `line ${look}` }, parts, "\u200b");
}

function placed(one) {
  const [whole = "", line = 0, column = 0] = typeof one === "string" ? one.match(PLACE) ?? [] : [];
  const found = typeof one === "string"
    ? { line: Number(line), column: Number(column), message: one.slice(whole.length), wrong: true }
    : { ...one, wrong: Boolean(one.wrong) };
  return { ...found, message: `${found.message.charAt(0).toUpperCase()}${found.message.slice(1)}` };
}
