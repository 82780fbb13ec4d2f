/** What the draft would send for a sample event, and whether its filters let that event pass: shown while one types. */

import { ask, reference } from "./api.js";
import { element } from "./elements.js";
import { pretty } from "./exchange.js";
import { choice, field } from "./fields.js";
import { MASK } from "./webhook_parts.js";

const OWN = "own";
// So that a body can be previewed before the rest of the form is filled in.
const UNFINISHED = { name: "Draft", url: "https://example.com/", triggers: ["RequestCreated"] };

export class Preview {
  /** `form`: what is previewed; `onVerdicts` is told the verdict of each of its filters, or null when there is none. */
  static async of(form, onVerdicts) {
    const { items } = await reference("samples");
    return new Preview(form, onVerdicts, items);
  }

  constructor(form, onVerdicts, samples) {
    this.form = form;
    this.onVerdicts = onVerdicts;
    this.samples = new Map(samples.map((one) => [one.name, one]));
    const [trigger] = form.read().triggers;
    const options = samples.map((one) => [one.name, one.name === one.trigger ? one.name : `${one.trigger}, ${one.name}`]);
    this.select = choice(trigger ?? samples[0].name, [...options, [OWN, "Your own payload …"]], { on: { change: () => this.chosen() } });
    this.own = element("textarea", { rows: 8, spellcheck: "false", on: { input: () => this.schedule() } });
    this.ownField = field("event", "Your own payload, as JSON", this.own);
    this.meaning = element("p", { class: "hint" });
    this.output = element("pre", { tabindex: "0", role: "group", "aria-label": "Rendered body" });
    this.target = element("p", { class: "wire" });
    this.element = element("div", { class: "preview" },
      field("sample", "Preview for the sample event", this.select), this.meaning, this.ownField, this.target, this.output);
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
    return this.select.value === OWN ? "your own payload" : this.select.selectedOptions[0].textContent;
  }

  /** Soon, and once for all that is typed meanwhile. */
  schedule() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.render(), 250);
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
    this.output.textContent = request ? pretty(request.body) : "";
    this.target.textContent = request ? `${request.method} ${this.form.read().url ? request.url : "…"}` : "";
    const doubts = warnings.filter((one) => one.path === "body_template").map((one) => ({ ...one, message: one.message[0].toUpperCase() + one.message.slice(1) }));
    this.form.editor.mark(problem ? [problem, ...doubts] : doubts);
    this.onVerdicts(filters, this.name);
  }

  failed(error) {
    this.output.textContent = "";
    this.target.textContent = "";
    const problems = error.problems ?? [];
    const inBody = problems.filter((one) => one.path === "body_template").map((one) => one.rule);
    this.form.editor.mark(inBody);
    if (!inBody.length) this.output.textContent = `No preview yet: ${error instanceof SyntaxError ? `your own payload is not JSON (${error.message})` : error.message}`;
    this.onVerdicts(null, this.name);
  }
}

/** The draft as it can be previewed: unfinished rows are left out, and so are secrets, which nobody is shown anyway. */
function previewed(draft) {
  const given = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== "" && value?.length !== 0));
  return {
    ...UNFINISHED, ...given, authentication: null, signing: null, response_validators: [],
    headers: draft.headers.filter((one) => one.name && !one.secret && one.value !== MASK),
    filters: draft.filters.filter((one) => one.field && one.values?.length !== 0),
    timeout_seconds: 10, retry: { max_attempts: 11 },
  };
}
