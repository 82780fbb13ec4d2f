/** One request and what came back, as they went over the wire: for a test and for each attempt of a delivery. */

import { button, announce, duration, element } from "./elements.js";

/** The request: method, URL, headers, body. */
export function requestView(request) {
  if (!request) return element("p", { class: "quiet" }, "Nothing was sent.");
  return element("div", {},
    element("p", { class: "wire" }, element("b", {}, request.method), " ", request.url),
    headersView(request.headers), bodyView("Body of the request", request.body, request.truncated));
}

/** The response, or that there was none. */
export function responseView(response) {
  if (!response) return element("p", { class: "quiet" }, "No whole answer came.");
  const good = response.status >= 200 && response.status < 300;
  return element("div", {},
    element("p", { class: "wire" }, element("b", { class: good ? "good" : "bad" }, `${response.status}`)),
    headersView(response.headers), bodyView("Body of the response", response.body, response.truncated));
}

function headersView(headers) {
  return element("details", { class: "headers" },
    element("summary", {}, `Headers (${headers.length})`),
    element("dl", { class: "facts" },
      headers.map(({ name, value }) => [element("dt", {}, name), element("dd", {}, value)])));
}

function bodyView(label, body, truncated) {
  if (!body) return element("p", { class: "quiet" }, "Without a body.");
  return element("div", { class: "body" },
    codeView(label, pretty(body)),
    button("Copy", () => copy(body), { kind: "quiet copy-button" }),
    truncated ? element("p", { class: "quiet" }, "There was more; only the beginning is kept.") : null);
}

/** A block of text that may be longer than its place: the keyboard can scroll it, and it says what it is. */
export function codeView(label, text = "") {
  return element("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const DEEPEST = 40;

/** JSON with indents, any other text as it is. Only white space is changed: every number stays as it was written. */
export function pretty(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let [depth, before, shown] = [0, "", ""];
  for (const [token] of text.matchAll(TOKENS)) {
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    const empty = closes && (before === "{" || before === "[");
    if (!empty && (closes || before === "," || before === "{" || before === "[")) {
      shown += `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
    }
    shown += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
    before = token;
  }
  return shown;
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
  return verdicts(validators, ["Holds", "Does not hold"], (one) => [
    element("code", {}, one.json_path),
    one.expected_values ? element("div", {}, "Expected: ", one.expected_values.join(", ")) : null,
    element("div", {}, "Found: ", spelled(one.found, "nothing"))]);
}

/** Each filter with what it looks for, what the event has, and whether it lets the event pass. */
export function filtersView(filters) {
  if (!filters.length) return element("p", { class: "quiet" }, "None: every event of the triggers passes.");
  return verdicts(filters, ["Passes", "Does not pass"], (one) => [
    element("code", {}, one.field), ` ${one.operator.replaceAll("_", " ")} ${one.values.join(" or ")}`,
    element("div", {}, "The event has: ", spelled(one.found, "nothing there"))]);
}

function verdicts(judged, [good, bad], content) {
  const verdict = (one) => element("li", { class: one.holds ? "holds" : "fails" },
    element("b", {}, one.holds ? good : bad), " ", content(one));
  return element("ul", { class: "verdicts" }, judged.map(verdict));
}

/** Values that were found, as a sentence has them. */
export function spelled(found, nothing) {
  return found.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(", ") || nothing;
}

/** The phases of an exchange as a bar and in numbers; a kept connection has no first ones. */
export function timingsView(timings, remoteAddress) {
  const phases = phasesOf(timings);
  const total = timings.total_ms || 1;
  const bar = element("div", { class: "bar", "aria-hidden": "true" }, phases.map(([name, length]) => {
    const part = element("span", { class: `phase ${name.toLowerCase()}`, title: `${name}: ${duration(length)}` });
    part.style.width = `${Math.max(0.5, (length / total) * 100)}%`;
    return part;
  }));
  const fact = (name, value, look = "") => [element("dt", { class: look }, name), element("dd", {}, value)];
  return element("div", {}, bar, element("dl", { class: "facts pairs" },
    phases.map(([name, length]) => fact(name, duration(length), `phase-name ${name.toLowerCase()}`)),
    fact("Total", duration(timings.total_ms)), remoteAddress ? fact("Address", remoteAddress) : null));
}

function phasesOf({ dns_ms: dns, connect_ms: connect, tls_ms: tls, first_byte_ms: first, total_ms: total }) {
  const opening = (dns ?? 0) + (connect ?? 0) + (tls ?? 0);
  const answered = first !== null && first !== undefined;
  const phases = [["DNS", dns], ["Connect", connect], ["TLS", tls],
    ["Waiting", answered ? Math.max(0, first - opening) : null],
    ["Reading", answered ? Math.max(0, total - first) : null]];
  return phases.filter(([, length]) => length !== null && length !== undefined);
}
