/** A request with what stands in the form: what was sent, and what was changed since, before its answer is there. */

import { fieldsOf } from "./problems.js";
import { MASK } from "./webhook_parts.js";

export class Sent {
  /** What `form` holds at this moment, which is what is sent. */
  constructor(form) {
    this.form = form;
    this.document = form.read();
    this.edits = form.edits;
    this.fields = fieldsOf(form.element);
    const secrets = [...form.element.querySelectorAll("input[type=password]")].filter((one) => one.value);
    this.secrets = new Map(secrets.map((one) => [one, spelled(one)]));
  }

  /** Whether somebody has worked at the form since, be it that the document is still the same. */
  get overtaken() {
    return this.form.edits !== this.edits;
  }

  /** Whether a secret was sent as it still stands there. */
  holds(input) {
    return this.secrets.get(input) === spelled(input);
  }

  /** Once they are stored, a mask stands for the secrets that were sent; whoever is at one types over it. */
  seal() {
    for (const input of this.secrets.keys()) {
      if (!this.holds(input) || input.value === MASK) continue;
      input.value = MASK;
      if (input === document.activeElement) input.select();
    }
  }
}

/** A stored header is found by its name, and only a secret one has a mask: once either is changed, its value is too. */
function spelled(input) {
  return JSON.stringify(input.closest(".row")?.made.read() ?? input.value);
}
