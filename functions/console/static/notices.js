/** What stands above a webhook's form: what its recipe says, why it is off, what is missing. */

import { element } from "./elements.js";

/** The notices of a webhook; `saved`: what the API said of it once; `recipe`: what it was begun with. */
export async function noticesOf({ webhook, saved, recipe }) {
  const notices = [];
  if (recipe) notices.push((await import("./recipes.js")).instructions(recipe));
  if (webhook.inactive_reason) notices.push(notice("Switched off", webhook.inactive_reason));
  for (const { field, without_secret: without } of saved?.missing_secrets ?? []) {
    const what = field === "headers" ? `the header ${without.name}` : "the authentication";
    notices.push(notice("A copy has no secrets", `Enter ${what} again before you make it active.`));
  }
  return notices;
}

/** One of them. */
export function notice(title, words) {
  return element("div", { class: "notice" }, element("b", {}, `${title}. `), words);
}
