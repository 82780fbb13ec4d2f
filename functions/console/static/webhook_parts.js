/** The parts of a form that are lists or choices of their own: headers, authentication, filters, validators. */

import { element } from "./elements.js";
import { choice, field, Rows, text, tick, Values } from "./fields.js";

/** What stands for a stored secret; sent back, it keeps it. */
export const MASK = "••••";

/** A header with such a name is secret, marked or not: the API's own rule (`header_is_always_secret`). */
const ALWAYS_SECRET =
  /authorization|cookie|token|secret|password|passwd|credential|signature|api-?key|access-?key/i;

/** Headers: name, value, secret or not. */
export function headerRows(given) {
  return new Rows("headers", { noun: "header", given, make: headerRow });
}

function headerRow({ name = "", value = "", secret = false }) {
  const nameInput = text(name, { placeholder: "X-Header", list: "header-names" });
  const valueInput = text(value, { "data-template": true, on: { focus: selectMask } });
  const box = tick("Secret", secret);
  const isSecret = () => box.firstChild.checked;
  const show = () => {
    markByName(box, nameInput.value);
    hideWhen(valueInput, isSecret());
  };
  for (const one of [nameInput, box]) one.addEventListener("input", show);
  show();
  return {
    parts: [field("name", "Name", nameInput), field("value", "Value", valueInput), box],
    read: () => {
      if (!nameInput.value.trim() && !valueInput.value) return null;
      return { name: nameInput.value.trim(), value: valueInput.value, ...(isSecret() ? { secret: true } : {}) };
    },
  };
}

/** Ticked by its name, it stays so under another until somebody unticks it: what was hidden is not shown by itself. */
function markByName(box, name) {
  const always = ALWAYS_SECRET.test(name);
  const [input, label] = box.children;
  input.checked ||= always;
  input.disabled = always;
  label.textContent = always ? "Always secret" : "Secret";
}

/**
 * A secret is typed unseen; a stored one is a mask that goes as soon as somebody types. The mask stays where it is no
 * secret any more: the API refuses it there, and would take an empty value in place of what is stored.
 */
function hideWhen(input, secret) {
  input.type = secret ? "password" : "text";
  input.autocomplete = secret ? "new-password" : "off";
}

function secretInput(value) {
  return text(value, { type: "password", autocomplete: "new-password", placeholder: value ? "" : "Never shown again",
    on: { focus: selectMask } });
}

/** A mask is typed over; what somebody has begun to type is gone on with. */
function selectMask({ target }) {
  if (target.value === MASK) target.select();
}

// By kind: its label and its fields, each [name, label, is it secret, must it be there].
const KINDS = {
  none: ["None", []],
  bearer: ["Bearer token", [["token", "Token", true]]],
  basic: ["Basic", [["username", "User name"], ["password", "Password", true]]],
  api_key: ["API key header", [["header", "Header"], ["value", "Value", true]]],
  oauth2_client_credentials: ["OAuth 2 client credentials", [
    ["token_url", "Token URL"], ["client_id", "Client id"], ["client_secret", "Client secret", true],
    ["scope", "Scope (optional)"], ["audience", "Audience (optional)"]]],
};
const CLIENT_AUTHENTICATION = [["basic", "In the Authorization header"], ["body", "In the request's body"]];

const OPTIONAL = ["scope", "audience"];

/** Authentication: a kind and its fields. `given`: as the API has it, null for none. */
export class AuthenticationFields {
  constructor(given) {
    this.given = given ?? { kind: "none" };
    const kinds = Object.entries(KINDS).map(([kind, [label]]) => [kind, label]);
    this.kind = choice(this.given.kind, kinds, { on: { change: () => this.show() } });
    this.place = element("div", { class: "columns" });
    this.element = element("div", {}, field("authentication", "Authentication", this.kind,
      { className: "narrow", hint: "How the receiver knows that it is you." }), this.place);
    this.show();
  }

  show() {
    const kept = this.given.kind === this.kind.value ? this.given : {};
    const fields = KINDS[this.kind.value][1];
    this.inputs = Object.fromEntries(
      fields.map(([name, , secret]) => [name, secret ? secretInput(kept[name]) : text(kept[name])]));
    this.place.replaceChildren(...fields.map(([name, label]) => this.field(name, label)));
    if (this.kind.value === "oauth2_client_credentials") {
      this.inputs.client_authentication = choice(kept.client_authentication ?? "basic", CLIENT_AUTHENTICATION);
      this.place.append(this.field("client_authentication", "Client id and secret are sent"));
    }
  }

  field(name, label) {
    return field(`authentication.${name}`, label, this.inputs[name]);
  }

  read() {
    if (this.kind.value === "none") return null;
    const typed = Object.entries(this.inputs).filter(([name, input]) => input.value || !OPTIONAL.includes(name));
    return { kind: this.kind.value, ...Object.fromEntries(typed.map(([name, input]) => [name, input.value])) };
  }
}

/** Filters: field, operator, values. `catalogue`: what the API knows of them; `paths`: other fields of a payload. */
export function filterRows(given, catalogue, paths) {
  const known = catalogue.fields.filter((one) => !one.name.includes("<"));
  const names = element("datalist", { id: "filter-fields" },
    known.map((one) => element("option", { value: one.name }, one.meaning)),
    paths.map((one) => element("option", { value: one })));
  const rows = new Rows("filters", { noun: "filter", given, make: (one) => filterRow(one, catalogue) });
  rows.element.prepend(names);
  return rows;
}

function filterRow({ field: name = "", operator = "is", values = [] }, catalogue) {
  const nameInput = text(name, { list: "filter-fields", placeholder: "integration" });
  const operators = catalogue.operators.map((one) => [one.name, one.name.replaceAll("_", " ")]);
  const operatorInput = choice(operator, operators);
  const typed = new Values(values, { label: "Values" });
  const valuesField = field("values", "Values, any of", typed.element);
  const meaning = element("p", { class: "hint" });
  const verdict = element("p", { class: "verdict" });
  const takesValues = () => catalogue.operators.find((one) => one.name === operatorInput.value).takes_values;
  const show = () => {
    const known = catalogue.fields.find((one) => one.name === nameInput.value);
    meaning.textContent = known?.meaning ?? "";
    for (const one of operatorInput.options) one.hidden = Boolean(known && !known.operators.includes(one.value));
    valuesField.hidden = !takesValues();
  };
  nameInput.addEventListener("input", show);
  operatorInput.addEventListener("input", show);
  show();
  return {
    parts: [field("field", "Field", nameInput), field("operator", "Operator", operatorInput), valuesField,
      element("div", { class: "said" }, meaning, verdict)],
    verdict,
    read: () => {
      const given = typed.read();
      const wanted = nameInput.value.trim();
      if (!wanted && !given.length) return null;
      return { field: wanted, operator: operatorInput.value, ...(takesValues() ? { values: given } : {}) };
    },
  };
}

/** Response validators: a JSON path, and the values of which one is expected there. */
export function validatorRows(given) {
  return new Rows("response_validators", { noun: "validator", given, make: validatorRow });
}

function validatorRow({ json_path: given = "", expected_values: expected = [] }) {
  const pathInput = text(given, { placeholder: "$.data.status" });
  const values = new Values(expected, { label: "Expected values" });
  return {
    parts: [field("json_path", "Json Path", pathInput),
      field("expected_values", "Expected values, any of", values.element)],
    read: () => {
      const [path, typed] = [pathInput.value.trim(), values.read()];
      return path || typed.length ? { json_path: path, expected_values: typed } : null;
    },
  };
}
