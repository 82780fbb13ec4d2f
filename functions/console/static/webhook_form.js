/** The form of one webhook, in the order of the guide: a document becomes fields, and the fields become a document. */

import { button, element } from "./elements.js";
import { choice, field, text, tick } from "./fields.js";
import { clearProblem } from "./problems.js";
import { TemplateEditor } from "./template_editor.js";
import { AuthenticationFields, filterRows, headerRows, validatorRows } from "./webhook_parts.js";

const TRIGGERS = {
  RequestCreated: "somebody asked for access",
  RequestApproved: "it was approved",
  RequestGranted: "the access is there",
  RequestRejected: "it was refused",
  RequestFailed: "it could not be granted",
  RequestExpired: "the access has ended",
};
const METHODS = ["POST", "PUT", "PATCH", "DELETE", "GET"];

/** What a new webhook begins with: the guide's body. */
export const EMPTY = {
  name: "", active: true, method: "POST", url: "", headers: [], authentication: null, signing: null, triggers: ["RequestCreated"],
  body_template: '{\n  "body": {\n    "event": "New Apono {{event_type}} request made by {{data.requester.name}}"\n  }\n}',
  filters: [], timeout_seconds: 10, response_validators: [], retry: { max_attempts: 11 },
};

export class WebhookForm {
  /** `given`: the webhook's document. `catalogue`, `paths`: of filters. `rotate`: called when a new signing secret is wanted. */
  constructor(given, { catalogue, paths, rotate }) {
    this.catalogue = catalogue;
    this.paths = paths;
    this.rotate = rotate;
    this.element = element("div", { class: "form", on: { input: (event) => this.touched(event) } });
    this.fill(given);
  }

  /** Shows a document, in place of whatever was there. */
  fill(given) {
    this.stored = given;
    this.name = text(given.name, { maxlength: 64, required: true, placeholder: "Torq" });
    this.active = element("input", { type: "checkbox", role: "switch", checked: given.active });
    this.method = choice(given.method, METHODS.map((one) => [one, one]));
    this.url = text(given.url, { type: "url", required: true, "data-template": true, placeholder: "https://hooks.torq.io/v1/webhooks/…" });
    this.editor = new TemplateEditor(given.body_template);
    this.headers = headerRows(given.headers);
    this.authentication = new AuthenticationFields(given.authentication);
    this.triggers = new Map(Object.entries(TRIGGERS).map(([name, meaning]) => [name, tick([element("b", {}, name), ` ${meaning}`], given.triggers.includes(name), { value: name })]));
    this.filters = filterRows(given.filters, this.catalogue, this.paths);
    this.timeout = text(given.timeout_seconds, { type: "number", min: 1, max: 30, step: "any", class: "short" });
    this.validators = validatorRows(given.response_validators);
    this.signing = choice(given.signing?.kind ?? "none", [["none", "None"], ["standard_webhooks", "Standard Webhooks"]], { on: { change: () => this.showSigning() } });
    this.signingPlace = element("div");
    this.attempts = text(given.retry.max_attempts, { type: "number", min: 1, max: 11, step: 1, class: "short" });
    this.beside = { body: element("div"), filters: element("p", { class: "verdict" }) };
    this.showSigning();
    this.element.replaceChildren(...this.sections());
    this.initial = JSON.stringify(this.read());
  }

  sections() {
    const columns = (...parts) => element("div", { class: "columns" }, parts);
    const stateless = element("span", { class: "switch" }, this.active, element("span", { class: "on" }, "Active"), element("span", { class: "off" }, "Inactive"));
    return [
      section("Webhook", null, columns(field("name", "Name", this.name), field("active", "Status", stateless)),
        element("div", { class: "columns target" }, field("method", "Method", this.method),
          field("url", "URL", this.url, { hint: "https; placeholders may stand in path and query, not in the host." }))),
      section("Body template", null, element("div", { class: "split" },
        element("div", {}, field("body_template", "JSON with placeholders", this.editor.element), this.payloadButton()), this.beside.body)),
      section("Authentication and headers", null, this.authentication.element, this.headers.element, headerNames()),
      section("Triggers", "What has to happen for this webhook to be called.",
        element("div", { class: "field triggers", "data-key": "triggers", role: "group", "aria-label": "Triggers" }, [...this.triggers.values()], element("p", { class: "error", id: "triggers-problem" }))),
      section("Filters", "All of them must let an event pass; the values of one are alternatives. Without a filter every event passes.", this.filters.element, this.beside.filters),
      section("Answer", null, field("timeout_seconds", "Timeout in seconds", this.timeout, { hint: "1 to 30, for the whole exchange." }),
        element("h3", {}, "Response validators"),
        element("p", { class: "hint" }, "Without one, any answer from 200 to 299 is a success. $.data is the body of the answer."), this.validators.element),
      section("Signing", null, field("signing", "Signature", this.signing, { className: "narrow", hint: "Lets the receiver prove that a request is yours and is not an old one sent again." }), this.signingPlace),
      section("Retry", null, field("retry.max_attempts", "Attempts at the most", this.attempts, { hint: "1 to 11. Eleven attempts take about four days; 1 sends once and never again." })),
    ];
  }

  payloadButton() {
    return element("p", {}, button("View event's payload schema", () => this.element.dispatchEvent(new CustomEvent("schema")), { kind: "quiet add" }));
  }

  showSigning() {
    if (this.signing.value === "none") {
      this.signingSecret = null;
      this.signingPlace.replaceChildren();
      return;
    }
    const stored = Boolean(this.stored.signing);
    this.signingSecret = text("", { type: "password", autocomplete: "new-password", placeholder: stored ? "•••• is kept" : "whsec_…" });
    this.signingPlace.replaceChildren(
      field("signing.secret", stored ? "Another secret" : "Secret of your own (optional)", this.signingSecret,
        { hint: stored ? "Leave it empty to keep the one that is stored." : "Leave it empty: one is made when the webhook is saved, and shown once." }),
      ...(stored && this.stored.id ? [element("p", {}, button("Rotate the secret …", this.rotate), element("span", { class: "hint" }, " A new one is made; for 24 hours requests bear both signatures."))] : []));
  }

  /** A field's problem goes as soon as somebody works at it. */
  touched({ target }) {
    const wrong = target.closest(".field.wrong");
    if (wrong) clearProblem(wrong);
  }

  /** The document as the API takes it. A stored signing secret is kept where none is named. */
  read() {
    return {
      name: this.name.value.trim(), active: this.active.checked, method: this.method.value, url: this.url.value.trim(), body_template: this.editor.value,
      headers: this.headers.read(), authentication: this.authentication.read(), signing: this.readSigning(),
      triggers: [...this.triggers].filter(([, one]) => one.firstChild.checked).map(([name]) => name),
      filters: this.filters.read(), timeout_seconds: numeric(this.timeout), response_validators: this.validators.read(), retry: { max_attempts: numeric(this.attempts) },
    };
  }

  readSigning() {
    if (this.signing.value === "none") return null;
    const secret = this.signingSecret.value.trim();
    return { kind: this.signing.value, ...(secret ? { secret } : {}) };
  }

  get changed() {
    return JSON.stringify(this.read()) !== this.initial;
  }

  /** The verdict of each complete filter for the sample called `name`, in their order; null: there is no preview. */
  showVerdicts(verdicts, name) {
    const complete = this.filters.made.filter((one) => { const made = one.read(); return made?.field && made.values?.length !== 0; });
    for (const one of this.filters.made) one.verdict.textContent = "";
    complete.forEach((one, index) => { if (verdicts) showVerdict(one.verdict, verdicts[index]); });
    const passes = verdicts?.every((one) => one.holds);
    this.beside.filters.className = `verdict ${passes ? "holds" : "fails"}`;
    this.beside.filters.textContent = complete.length && verdicts ? `${name} ${passes ? "passes." : "does not pass: it would not be delivered."}` : "";
  }
}

function showVerdict(place, { holds, found }) {
  place.className = `verdict ${holds ? "holds" : "fails"}`;
  const values = found.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  place.textContent = `${holds ? "Passes" : "Does not pass"}: the sample has ${values.length ? values.join(", ") : "nothing there"}.`;
}

function numeric(input) {
  return input.value.trim() === "" || Number.isNaN(Number(input.value)) ? input.value : Number(input.value);
}

function section(title, hint, ...content) {
  return element("section", { class: "card" }, element("h2", {}, title), hint ? element("p", { class: "hint" }, hint) : null, content);
}

function headerNames() {
  return element("datalist", { id: "header-names" }, ["Authorization", "Content-Type", "X-Api-Key"].map((one) => element("option", { value: one })));
}
