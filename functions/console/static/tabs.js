/** The two sides of a webhook: what it is, and what it did. */

import { element, link } from "./elements.js";

/** Links to both; `current`: the one that is shown. */
export function tabs(id, current) {
  const one = (name, text, to) => link(text, to, { "aria-current": name === current ? "page" : null });
  return element("nav", { class: "tabs", "aria-label": "Webhook" },
    one("settings", "Settings", `/webhooks/${id}`), one("deliveries", "Deliveries", `/webhooks/${id}/deliveries`));
}
