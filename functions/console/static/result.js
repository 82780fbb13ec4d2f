/** What came of Test or Save: a sentence at the bottom of the form, which is said aloud. */

import { button, element } from "./elements.js";
import { showInvocation } from "./invocation.js";

export class Result {
  constructor() {
    this.element = element("div", { class: "result", role: "status" });
  }

  /** `invocation`: of a test. `lasts`: it came while somebody types, who would miss what the next key takes away. */
  show(kind = "", text = "", { invocation = null, lasts = false } = {}) {
    this.lasts = lasts;
    this.element.className = `result ${kind}`;
    this.element.replaceChildren(text ? element("span", {}, text) : "",
      invocation ? button("View Invocation Data", () => showInvocation(invocation), { kind: "quiet" }) : "");
  }

  /** The form is not any more what it was said of. */
  outdate() {
    if (!this.lasts) this.show();
  }
}
