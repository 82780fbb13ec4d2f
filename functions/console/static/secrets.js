/** A secret that Grantwire made: it is shown this once. */

import { button, element, openDialog } from "./elements.js";
import { copy } from "./exchange.js";

/** Opens a dialog with the secret. */
export function showOnce(secret) {
  return openDialog("The signing secret", (close) => element("div", {},
    element("p", {}, "Give it to the receiver now. It is stored encrypted, and is never shown again."),
    element("p", { class: "secret" }, element("code", {}, secret)),
    element("p", { class: "actions" },
      button("Copy", () => copy(secret), { kind: "primary" }), button("Done", () => close()))));
}
