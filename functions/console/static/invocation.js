/** View Invocation Data: everything about one test. */

import { element, openDialog } from "./elements.js";
import {
  codeView, filtersView, pretty, requestView, responseView, timingsView, validatorsView,
} from "./exchange.js";

/** Opens the panel. `result` is what a test answers. */
export function showInvocation(result) {
  return openDialog("Invocation data", () => element("div", { class: "invocation" }, parts(result)), { kind: "panel" });
}

function parts(result) {
  return [
    element("p", { class: `outcome ${result.outcome}` }, result.sentence),
    result.tips.length ? section("What to look at", list(result.tips)) : null,
    section("Request", requestView(result.request)),
    section("Response", responseView(result.response)),
    section("Response validators", validatorsView(result.validators)),
    section("Filters", filterNote(result), filtersView(result.filters)),
    result.warnings?.length ? section("Doubts", list(result.warnings.map((one) => one.message))) : null,
    section("Timings", timingsView(result.timings, result.remote_address)),
    section("A real delivery", element("p", {}, result.retry.sentence)),
    element("details", {}, element("summary", {}, "The event that was used"),
      codeView("The event", pretty(JSON.stringify(result.event)))),
  ];
}

function section(title, ...content) {
  return element("section", {}, element("h3", {}, title), content);
}

function list(sentences) {
  return element("ul", {}, sentences.map((one) => element("li", {}, one)));
}

/** A test is sent whatever the filters say; a delivery is not. */
function filterNote({ filters }) {
  if (!filters.length) return null;
  const passes = filters.every((one) => one.holds);
  return element("p", {}, passes ? "This event would be delivered."
    : "This event would not be delivered: a filter keeps it back. A test is sent all the same.");
}
