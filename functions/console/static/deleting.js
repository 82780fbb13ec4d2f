/** Deleting a webhook asks for its name first: what it has not delivered then ends as failed. */

import { ask } from "./api.js";
import { button, element, openDialog, uniqueId } from "./elements.js";

/** Resolves with true once the webhook is deleted, undefined when the person thought better of it. */
export function confirmDeletion(webhook) {
  return openDialog(`Delete ${webhook.name}?`, (close) => content(webhook, close));
}

function content(webhook, close) {
  const id = uniqueId("name");
  const problem = element("p", { class: "error", role: "alert" });
  const typed = () => { confirm.disabled = name.value.trim() !== webhook.name; };
  const name = element("input",
    { id, autocomplete: "off", spellcheck: "false", autofocus: true, on: { input: typed } });
  const confirm = button("Delete Webhook", () => {}, { type: "submit", kind: "danger", disabled: true });
  const submit = async (event) => {
    event.preventDefault();
    if (confirm.disabled) return;
    confirm.disabled = true;
    try {
      await ask("DELETE", `/webhooks/${webhook.id}`, { version: webhook.version });
      close(true);
    } catch (error) {
      problem.textContent = error.message;
      typed();
    }
  };
  return element("form", { on: { submit } },
    element("p", {}, "Nothing more is sent. Deliveries that still wait end as failed; what was delivered stays in ",
      "the log."),
    element("div", { class: "field" },
      element("label", { for: id }, "Type its name to delete it: ", element("b", {}, webhook.name)), name),
    problem,
    element("p", { class: "actions" }, confirm, button("Keep it", () => close())));
}
