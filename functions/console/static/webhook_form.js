/** The form of one webhook, in the order of the guide: a document becomes fields, and the fields become a document. */

import { button, element } from "./elements.js";
import { spelled } from "./exchange.js";
import { choice, field, INPUT, text, tick } from "./fields.js";
import { clearProblem, pathOf } from "./problems.js";
import { TemplateEditor } from "./template_editor.js";
import { TRIGGERS } from "./triggers.js";
import { AuthenticationFields, filterRows, headerRows, validatorRows } from "./webhook_parts.js";

const METHODS = ["POST", "PUT", "PATCH", "DELETE", "GET"];

const SIGNATURES = [["none", "None"], ["standard_webhooks", "Standard Webhooks"]];
const HEADER_NAMES = ["Authorization", "Content-Type", "X-Api-Key"];

/** What a new webhook begins with: the guide's body. */
export const EMPTY = {
  name: "", active: true, method: "POST", url: "", headers: [], authentication: null, signing: null,
  body_template: `{
  "body": {
    "event": "New Apono {{event_type}} request made by {{data.requester.name}}"
  }
}`,
  triggers: ["RequestCreated"], filters: [], timeout_seconds: 10, response_validators: [], retry: { max_attempts: 11 },
  deliveries_per_second: null,
};

export class WebhookForm {
  /**
   * `given`: the webhook's document. `catalogue`, `paths`: of filters. `onSchema`, `onRotate`: called when the
   * payload's schema is to be seen, and when a new signing secret is wanted.
   */
  constructor(given, { catalogue, paths, onSchema, onRotate }) {
    Object.assign(this, { catalogue, paths, onSchema, onRotate });
    this.element = element("div", { class: "form", on: { input: (event) => this.touched(event) } });
    this.edits = 0;
    this.fill(given);
  }

  /** Shows a document, in place of whatever was there. Whoever was at one of its fields is there again. */
  fill(given) {
    const left = document.activeElement?.closest(".form .field");
    const path = left && pathOf(left);
    this.stored = given;
    this.makeTarget(given);
    this.headers = headerRows(given.headers);
    this.authentication = new AuthenticationFields(given.authentication);
    this.triggers = triggerBoxes(given.triggers);
    this.filters = filterRows(given.filters, this.catalogue, this.paths);
    this.timeout = text(given.timeout_seconds, { type: "number", min: 1, max: 30, step: "any", class: "short" });
    this.validators = validatorRows(given.response_validators);
    this.signing = choice(given.signing?.kind ?? "none", SIGNATURES, { on: { change: () => this.showSigning() } });
    this.signingPlace = element("div");
    this.attempts = text(given.retry.max_attempts, { type: "number", min: 1, max: 11, step: 1, class: "short" });
    this.pace = text(given.deliveries_per_second ?? "",
      { type: "number", min: 0.1, max: 500, step: "any", class: "short" });
    this.beside = { body: element("div"), filters: element("p", { class: "verdict", role: "status" }) };
    this.showSigning();
    this.element.replaceChildren(...this.sections());
    this.initial = JSON.stringify(this.read());
    const found = path && [...this.element.querySelectorAll(".field")].find((one) => pathOf(one) === path);
    found?.querySelector(INPUT).focus();
  }

  /**
   * What was `sent` is stored as the document `given`, and somebody has gone on since: no field is made anew, so that
   * caret and undo stay where they are, and what differs from the document is a change.
   */
  keep(given, sent) {
    const { signed, signingSecret: secret } = this;
    this.stored = given;
    this.authentication.given = given.authentication ?? { kind: "none" };
    if (secret && sent.holds(secret)) secret.value = "";
    if (secret && signed !== this.signed) this.renewSigning(secret);
    sent.seal();
    this.initial = new WebhookForm(given, this).initial;
  }

  /** Its field says something else once a signing secret is stored, or none is any more. */
  renewSigning(left) {
    const { value, selectionStart, selectionEnd } = left;
    const here = left === document.activeElement;
    this.showSigning();
    this.signingSecret.value = value;
    if (!here) return;
    this.signingSecret.focus();
    this.signingSecret.setSelectionRange(selectionStart, selectionEnd);
  }

  makeTarget(given) {
    this.name = text(given.name, { maxlength: 64, required: true, placeholder: "Torq" });
    this.active = element("input", { type: "checkbox", role: "switch", checked: given.active });
    this.method = choice(given.method, METHODS.map((one) => [one, one]));
    this.url = text(given.url, { type: "url", required: true, "data-template": true,
      placeholder: "https://hooks.torq.io/v1/webhooks/…" });
    this.editor = new TemplateEditor(given.body_template);
  }

  sections() {
    const status = element("span", { class: "switch" }, this.active,
      element("span", { class: "on" }, "Active"), element("span", { class: "off" }, "Inactive"));
    return [
      section("Webhook", null,
        element("div", { class: "columns" }, field("name", "Name", this.name), field("active", "Status", status)),
        element("div", { class: "columns target" }, field("method", "Method", this.method),
          field("url", "URL", this.url,
            { hint: "https; placeholders may stand in path and query, not in the host." }))),
      section("Body template", null, element("div", { class: "split" },
        element("div", {}, field("body_template", "JSON with placeholders", this.editor.element),
          button("View event's payload schema", this.onSchema, { kind: "quiet add" })), this.beside.body)),
      section("Authentication and headers", null, this.authentication.element, this.headers.element, headerNames()),
      section("Triggers", "What has to happen for this webhook to be called.",
        element("div", { class: "field triggers", "data-key": "triggers", role: "group", "aria-label": "Triggers" },
          [...this.triggers.values()], element("p", { class: "error", id: "triggers-problem" }))),
      section("Filters", "All of them must let an event pass; the values of one are alternatives. Without a filter " +
        "every event passes.", this.filters.element, this.beside.filters),
      ...this.laterSections(),
    ];
  }

  laterSections() {
    return [
      section("Answer", null,
        field("timeout_seconds", "Timeout in seconds", this.timeout, { hint: "1 to 30, for the whole exchange." }),
        element("h3", {}, "Response validators"),
        element("p", { class: "hint" },
          "Without one, any answer from 200 to 299 is a success. $.data is the body of the answer."),
        this.validators.element),
      section("Signing", null, field("signing", "Signature", this.signing, { className: "narrow",
        hint: "Lets the receiver prove that a request is yours and is not an old one sent again." }),
      this.signingPlace),
      section("Retry and pace", null, field("retry.max_attempts", "Attempts at the most", this.attempts,
        { hint: "1 to 11. Eleven attempts take about three days; 1 sends once and never again." }),
      field("deliveries_per_second", "Deliveries per second, at the most", this.pace,
        { hint: "0.1 to 500; empty: as fast as the receiver takes them. What comes faster waits for its turn." })),
    ];
  }

  /** Whether a signing secret is stored. */
  get signed() {
    return Boolean(this.stored.id && this.stored.signing);
  }

  showSigning() {
    if (this.signing.value === "none") {
      this.signingSecret = null;
      this.signingPlace.replaceChildren();
      return;
    }
    const [label, placeholder, hint] = this.signed
      ? ["Another secret", "•••• is kept", "Leave it empty to keep the one that is stored."]
      : ["Secret of your own (optional)", "whsec_…",
        "Leave it empty: one is made when the webhook is saved, and shown once."];
    this.signingSecret = text(this.signed ? "" : this.stored.signing?.secret,
      { type: "password", autocomplete: "new-password", placeholder });
    const rotation = this.signed ? element("p", {},
      button("Rotate the secret …", this.onRotate),
      element("span", { class: "hint" }, " A new one is made; for 24 hours requests bear both signatures.")) : "";
    this.signingPlace.replaceChildren(
      field("signing.secret", label, this.signingSecret, { className: "narrow", hint }), rotation);
  }

  /** A field's problem goes as soon as somebody works at it. */
  touched({ target }) {
    this.edits += 1;
    const wrong = target.closest(".field.wrong");
    if (wrong) clearProblem(wrong);
  }

  /** The document as the API takes it. A stored signing secret is kept where none is named. */
  read() {
    return {
      name: this.name.value.trim(),
      active: this.active.checked,
      method: this.method.value,
      url: this.url.value.trim(),
      body_template: this.editor.value,
      headers: this.headers.read(),
      authentication: this.authentication.read(),
      signing: this.readSigning(),
      triggers: [...this.triggers].filter(([, one]) => one.firstChild.checked).map(([name]) => name),
      filters: this.filters.read(),
      timeout_seconds: numeric(this.timeout),
      response_validators: this.validators.read(),
      retry: { max_attempts: numeric(this.attempts) },
      deliveries_per_second: numeric(this.pace) === "" ? null : numeric(this.pace),
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
    const left = [...verdicts ?? []];
    for (const one of this.filters.made) {
      const made = one.read();
      const complete = made?.field && made.values?.length !== 0;
      showVerdict(one.verdict, complete ? left.shift() : null);
    }
    const passes = verdicts?.every((one) => one.holds);
    const words = passes ? "passes." : "does not pass: it would not be delivered.";
    say(this.beside.filters, passes, verdicts?.length ? `${name} ${words}` : "");
  }
}

function showVerdict(place, verdict) {
  if (!verdict) return say(place, false, "");
  const words = verdict.holds ? "Passes" : "Does not pass";
  return say(place, verdict.holds, `${words}: the sample has ${spelled(verdict.found, "nothing there")}.`);
}

/** Only what is new is said: a screen reader reads it again whenever it is set. */
function say(place, holds, words) {
  place.className = `verdict ${holds ? "holds" : "fails"}`;
  if (place.textContent !== words) place.textContent = words;
}

function triggerBoxes(chosen) {
  const box = ([name, meaning]) =>
    [name, tick([element("b", {}, name), ` ${meaning}`], chosen.includes(name), { value: name })];
  return new Map(Object.entries(TRIGGERS).map(box));
}

function numeric(input) {
  return input.value.trim() === "" || Number.isNaN(Number(input.value)) ? input.value : Number(input.value);
}

function section(title, hint, ...content) {
  return element("section", { class: "card" }, element("h2", {}, title),
    hint ? element("p", { class: "hint" }, hint) : null, content);
}

function headerNames() {
  return element("datalist", { id: "header-names" }, HEADER_NAMES.map((one) => element("option", { value: one })));
}
