/** One request and what came back, as they went over the wire: for a test and for each attempt of a delivery. */

import { button, announce, duration, element } from "./elements.js";

/** The request: method, URL, headers, body. */
export function requestView(request) {
  if (!request) return element("p", { class: "quiet" }, "Nothing was sent.");
  return element("div", {},
    element("p", { class: "wire" }, element("b", {}, request.method), " ", request.url),
    headersView(request.headers), bodyView(request.body, request.truncated));
}

/** The response, or that there was none. */
export function responseView(response) {
  if (!response) return element("p", { class: "quiet" }, "No whole answer came.");
  const good = response.status >= 200 && response.status < 300;
  return element("div", {},
    element("p", { class: "wire" }, element("b", { class: good ? "good" : "bad" }, `${response.status}`)),
    headersView(response.headers), bodyView(response.body, response.truncated));
}

function headersView(headers) {
  return element("details", { class: "headers" },
    element("summary", {}, `Headers (${headers.length})`),
    element("dl", { class: "facts" }, headers.map(({ name, value }) => [element("dt", {}, name), element("dd", {}, value)])));
}

function bodyView(body, truncated) {
  if (!body) return element("p", { class: "quiet" }, "Without a body.");
  const shown = pretty(body);
  return element("div", { class: "body" },
    element("pre", { tabindex: "0" }, shown),
    button("Copy", () => copy(body), { kind: "quiet copy-button" }),
    truncated ? element("p", { class: "quiet" }, "There was more; only the beginning is kept.") : null);
}

/** JSON with indents, any other text as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Copies a text, and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
  } catch {
    announce("The browser does not permit copying: select the text instead.");
  }
}

/** Each response validator with what was expected, what was found and whether it holds. */
export function validatorsView(validators) {
  if (!validators.length) return element("p", { class: "quiet" }, "None: any answer from 200 to 299 is a success.");
  return element("ul", { class: "verdicts" }, validators.map((one) => element("li", { class: one.holds ? "holds" : "fails" },
    element("b", {}, one.holds ? "Holds" : "Does not hold"), " ", element("code", {}, one.json_path),
    one.expected_values ? element("div", {}, "Expected: ", one.expected_values.join(", ")) : null,
    element("div", {}, "Found: ", one.found.length ? one.found.map(spelled).join(", ") : "nothing"))));
}

/** Each filter with what it looks for, what the event has, and whether it lets the event pass. */
export function filtersView(filters) {
  if (!filters.length) return element("p", { class: "quiet" }, "None: every event of the triggers passes.");
  return element("ul", { class: "verdicts" }, filters.map((one) => element("li", { class: one.holds ? "holds" : "fails" },
    element("b", {}, one.holds ? "Passes" : "Does not pass"), " ", element("code", {}, one.field), ` ${one.operator.replaceAll("_", " ")} `,
    one.values.join(" or "), element("div", {}, "The event has: ", one.found.length ? one.found.map(spelled).join(", ") : "nothing there"))));
}

function spelled(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The phases of an exchange as a bar and in numbers; a kept connection has no first ones. */
export function timingsView(timings, remoteAddress) {
  const phases = phasesOf(timings);
  const total = timings.total_ms || 1;
  const bar = element("div", { class: "bar", "aria-hidden": "true" }, phases.map(([name, length]) => {
    const part = element("span", { class: `phase ${name.toLowerCase().replace(" ", "-")}`, title: `${name}: ${duration(length)}` });
    part.style.width = `${Math.max(0.5, (length / total) * 100)}%`;
    return part;
  }));
  return element("div", {}, bar,
    element("dl", { class: "facts narrow" }, phases.map(([name, length]) => [
      element("dt", { class: `phase-name ${name.toLowerCase().replace(" ", "-")}` }, name), element("dd", {}, duration(length))]),
    element("dt", {}, "Total"), element("dd", {}, duration(timings.total_ms)),
    remoteAddress ? [element("dt", {}, "Address"), element("dd", {}, remoteAddress)] : null));
}

function phasesOf({ dns_ms: dns, connect_ms: connect, tls_ms: tls, first_byte_ms: first, total_ms: total }) {
  const opening = (dns ?? 0) + (connect ?? 0) + (tls ?? 0);
  return [["DNS", dns], ["Connect", connect], ["TLS", tls],
    ["Waiting", first === null ? null : Math.max(0, first - opening)],
    ["Reading", first === null ? null : Math.max(0, total - first)]].filter(([, length]) => length !== null && length !== undefined);
}
