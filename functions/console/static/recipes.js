/** Ready webhooks for well-known targets, to start from. */

import { reference } from "./api.js";
import { button, element, openDialog } from "./elements.js";

/** Resolves with the id of the recipe that was chosen, undefined when none was. */
export async function chooseRecipe() {
  const { items } = await reference("recipes");
  const card = (one, close) => button([element("b", {}, one.title), element("span", {}, one.summary)],
    () => close(one.id), { kind: "recipe" });
  return openDialog("Start from a recipe", (close) => element("ul", { class: "recipes" },
    items.map((one) => element("li", {}, card(one, close)))), { kind: "wide" });
}

/** What is to be done at the target, and what stands for it in the webhook. */
export function instructions(recipe) {
  return element("details", { class: "notice recipe-notes", open: true },
    element("summary", {}, `From the recipe “${recipe.title}”: what to do there, and what to fill in here`),
    element("ol", {}, recipe.set_up.map((one) => element("li", {}, one))),
    recipe.fill_in.length ? element("dl", { class: "facts" }, recipe.fill_in.map((one) => [
      element("dt", {}, element("code", {}, one.placeholder)), element("dd", {}, `${one.meaning} (${one.where})`),
    ])) : null,
    element("p", {}, element("b", {}, "Counts as a success: "), recipe.success),
    recipe.notes.length ? element("ul", {}, recipe.notes.map((one) => element("li", {}, one))) : null);
}
