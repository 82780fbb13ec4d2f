/** What is asked when somebody else has worked at the same webhook meanwhile, and what is left of it then. */

import { button, element, openDialog } from "./elements.js";
import { MASK } from "./webhook_parts.js";

/** It was saved, as `theirs`, over the `version` that one began with. Resolves with "theirs", "mine" or undefined. */
export function askWhose(theirs, version) {
  const words = `Version ${theirs.version} is stored now; you began with version ${version}.`;
  return openDialog("Somebody else has saved this webhook", (close) => element("div", {},
    element("p", {}, words),
    element("p", { class: "actions" }, button("Show theirs, drop mine", () => close("theirs")),
      button("Save mine over it", () => close("mine"), { kind: "danger" }))));
}

/** It was deleted. Resolves with whether one goes on with what stands here as with a new webhook. */
export function askAnew() {
  return openDialog("Somebody has deleted this webhook", (close) => element("div", {},
    element("p", {}, "What stands here is not stored any more. You can go on with it as with a new webhook, and test " +
      "and save it; its secrets have to be entered again."),
    element("p", { class: "actions" },
      button("Make it a new webhook", () => close(true), { kind: "primary", autofocus: true }),
      button("Not now", () => close(false)))));
}

/** A document as a new webhook can have it: no mask stands for a secret that is stored. */
export function withoutMasks(document) {
  return JSON.parse(JSON.stringify(document, (_, value) => (value === MASK ? "" : value)));
}
