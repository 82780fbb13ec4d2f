/** The fields of an event's payload, drawn from its JSON Schema: for the panel and for the filters' fields. */

import { reference } from "./api.js";
import { button, element } from "./elements.js";

/** Every field: `path` (lists as `[]`), `type`, `meaning`, `example`, whether it is `absent` at times, its `depth`. */
export async function payloadFields() {
  const schema = await reference("schema");
  return [...fieldsOf(schema, schema, "", 0)];
}

function* fieldsOf(whole, object, before, depth) {
  for (const [name, given] of Object.entries(object.properties ?? {})) {
    const schema = followed(whole, given);
    const path = `${before}${name}`;
    yield described(path, schema, depth, !(object.required ?? []).includes(name));
    const items = schema.items && followed(whole, schema.items);
    yield* fieldsOf(whole, items ?? schema, `${path}${items ? "[]" : ""}.`, depth + 1);
  }
}

function followed(whole, schema) {
  if (!schema.$ref) return schema;
  const target = schema.$ref.split("/").slice(1).reduce((found, key) => found[key], whole);
  return { ...followed(whole, target), ...schema };
}

function described(path, schema, depth, optional) {
  const types = [schema.type].flat().filter((one) => one && one !== "null");
  const absent = optional || [schema.type].flat().includes("null");
  const { description: meaning = "", examples } = schema;
  return { path, depth, absent, type: types.join(" or "), meaning, example: examples?.[0] };
}

/** What inserts a field into a template: for a field inside lists, a loop that joins what it finds with commas. */
export function placeholderFor(path) {
  const parts = path.split("[].");
  const last = parts.pop();
  const looped = (inner, list) => `{{#each ${list}}}${inner}{{#unless @last}}, {{/unless}}{{/each}}`;
  return parts.reduceRight(looped, `{{${last}}}`);
}

/** The panel: every field with its meaning; a click hands its placeholder to `insert`. */
export function payloadPanel(fields, insert) {
  const search = element("input", { type: "search", placeholder: "Search fields", "aria-label": "Search fields" });
  const rows = fields.map((one) => [one, row(one, insert)]);
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const [one, made] of rows) made.hidden = !`${one.path} ${one.meaning}`.toLowerCase().includes(wanted);
  });
  return element("div", { class: "payload" },
    element("p", { class: "hint" }, "Choose a field to put it where the caret was: in the body, the URL or a header."),
    search,
    element("ul", { tabindex: "0", "aria-label": "Fields of the payload" }, rows.map(([, made]) => made)));
}

function row(one, insert) {
  const leaf = !/object|array/.test(one.type);
  const name = leaf
    ? button(one.path, () => insert(placeholderFor(one.path)), { kind: "quiet code" })
    : element("code", {}, one.path);
  const example = leaf && one.example !== undefined ? element("code", {}, String(one.example)) : null;
  return element("li", {},
    name, element("small", { class: "quiet" }, ` ${one.type}${one.absent ? ", may be absent" : ""}`),
    element("p", {}, one.meaning),
    example && element("p", { class: "quiet" }, "As in ", example));
}
