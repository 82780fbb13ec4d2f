/** What the draft would send for a sample event, and whether its filters let that event pass: shown while one types. */

import { ask, reference } from "./api.js";
import { element } from "./elements.js";
import { codeView, pretty } from "./exchange.js";
import { choice, field } from "./fields.js";
import { MASK } from "./webhook_parts.js";

const OWN = "own";
const TYPED_MS = 250;
// So that a body can be previewed before the rest of the form is filled in.
const UNFINISHED = { name: "Draft", url: "https://example.com/", triggers: ["RequestCreated"] };

export class Preview {
  /** `form`: what is previewed; `onVerdicts` is told the verdict of each of its filters, or null when there is none. */
  static async of(form, onVerdicts) {
    const { items } = await reference("samples");
    return new Preview(form, onVerdicts, items);
  }

  constructor(form, onVerdicts, samples) {
    Object.assign(this, { form, onVerdicts });
    this.samples = new Map(samples.map((one) => [one.name, one]));
    const [trigger] = form.read().triggers;
    const options = samples.map(({ name, trigger: of }) => [name, name === of ? name : `${of}, ${name}`]);
    this.select = choice(trigger ?? samples[0].name, [...options, [OWN, "Your own payload …"]],
      { on: { change: () => this.chosen() } });
    this.own = element("textarea", { rows: 8, spellcheck: "false", on: { input: () => this.schedule() } });
    this.ownField = field("event", "Your own payload, as JSON", this.own);
    this.meaning = element("p", { class: "hint" });
    this.output = codeView("Rendered body");
    this.target = element("p", { class: "wire", tabindex: "0", role: "group", "aria-label": "Method and URL" });
    this.failure = element("p", { class: "verdict fails" });
    this.element = element("div", { class: "preview" },
      field("sample", "Preview for the sample event", this.select), this.meaning, this.ownField,
      this.target, this.output, this.failure);
    this.chosen();
  }

  chosen() {
    const sample = this.samples.get(this.select.value);
    if (sample) {
      this.own.value = JSON.stringify(sample.payload, null, 2);
      this.meaning.textContent = sample.meaning;
    } else {
      this.meaning.textContent = "The last sample, to be changed as you like.";
    }
    this.ownField.hidden = Boolean(sample);
    this.schedule();
  }

  /** The payload that is chosen. Throws SyntaxError when one's own is no JSON. */
  event() {
    return this.samples.get(this.select.value)?.payload ?? JSON.parse(this.own.value);
  }

  /** The name of the sample, for a sentence. */
  get name() {
    return this.select.value === OWN ? "Your own payload" : this.select.selectedOptions[0].textContent;
  }

  /** Soon, and once for all that is typed meanwhile. */
  schedule() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.render(), TYPED_MS);
  }

  async render() {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const body = { webhook: previewed(this.form.read()), event: this.event() };
      this.shown(await ask("POST", "/webhooks/preview", { body, signal: this.asked.signal }));
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    }
  }

  shown({ request, problem, filters, warnings }) {
    const doubts = warnings.filter((one) => one.path === "body_template");
    this.form.editor.mark(problem ? [problem, ...doubts] : doubts);
    this.onVerdicts(filters, this.name);
    if (!request) {
      this.outdated("The template cannot be rendered for this event.");
      return;
    }
    this.output.textContent = pretty(request.body);
    this.target.textContent = `${request.method} ${this.form.read().url ? request.url : "…"}`;
    this.outdated("");
  }

  failed(error) {
    const inBody = (error.problems ?? []).filter((one) => one.path === "body_template").map((one) => one.rule);
    this.form.editor.mark(inBody);
    this.onVerdicts(null, this.name);
    const why = error instanceof SyntaxError ? `Your own payload is not JSON: ${error.message}.` : error.message;
    this.outdated(inBody.length ? "The template has a mistake." : why);
  }

  /** What was rendered last stays, so that nothing jumps while one types, but not as if it were of now. */
  outdated(why) {
    for (const one of [this.output, this.target]) one.classList.toggle("outdated", Boolean(why));
    this.failure.textContent = why && `${this.output.textContent ? "As it was before." : "No preview yet."} ${why}`;
  }
}

/** The draft as it can be previewed: unfinished rows are left out, and secrets, which nobody is shown anyway. */
function previewed(draft) {
  const given = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== "" && value?.length !== 0));
  return {
    ...UNFINISHED, ...given, authentication: null, signing: null, response_validators: [],
    headers: draft.headers.filter((one) => one.name && !one.secret && one.value !== MASK),
    filters: draft.filters.filter((one) => one.field && one.values?.length !== 0),
    timeout_seconds: 10, retry: { max_attempts: 11 },
  };
}
