/** One webhook: the form, Test with its invocation data, Save. */

import { ApiError, ask, reference } from "./api.js";
import { askAnew, askWhose, withoutMasks } from "./conflicts.js";
import { announce, button, crumbs, element, menu, openDialog } from "./elements.js";
import { notice, noticesOf } from "./notices.js";
import { keepForNextPage, takeKept } from "./passing.js";
import { payloadFields, payloadPanel } from "./payload.js";
import { Preview } from "./preview.js";
import { clearProblems, focusProblem, showProblems } from "./problems.js";
import { Result } from "./result.js";
import { Sent } from "./saving.js";
import { showOnce } from "./secrets.js";
import { tabs } from "./tabs.js";
import { insertInto } from "./template_editor.js";
import { EMPTY, WebhookForm } from "./webhook_form.js";

const SAVED_PARTLY = "Saved, but not what you have changed since.";
const SAVED_INACTIVE = "Saved. It is inactive: nothing is delivered until it is active.";

/**
 * Fills `place` with the form of the webhook `id`, or of a new one, which tells `moved` its address once it is saved.
 * Leaving asks whether changes may be lost.
 */
export async function show(place, { id, query, moved }) {
  const [given, catalogue, fields] = await Promise.all([
    documentOf(id, query), reference("filters"), payloadFields()]);
  const page = new Page(given, catalogue, fields, moved);
  await page.fill(place);
  return () => page.done || !page.form.changed;
}

async function documentOf(id, query) {
  if (id) return { webhook: await ask("GET", `/webhooks/${id}`), saved: takeKept(id) };
  const name = query.get("recipe");
  if (!name) return { webhook: EMPTY };
  const recipe = (await reference("recipes")).items.find((one) => one.id === name);
  if (!recipe) throw new Error(`There is no recipe ${name}.`);
  return { webhook: { ...EMPTY, ...recipe.webhook }, recipe };
}

class Page {
  constructor({ webhook, saved, recipe }, catalogue, fields, moved) {
    Object.assign(this, { webhook, saved, recipe, fields, moved });
    const paths = fields.filter((one) => one.depth).map((one) => one.path);
    this.form = new WebhookForm(webhook,
      { catalogue, paths, onSchema: () => this.showSchema(), onRotate: () => this.rotate() });
    this.result = new Result();
    this.notices = element("div");
    this.heading = element("div", { class: "heading" });
    this.test = button("Test", () => this.busy(this.test, "Testing …", () => this.sendTest()));
    this.save = button("Save Webhook", () => {}, { type: "submit", kind: "primary" });
  }

  async fill(place) {
    const submit = (event) => { event.preventDefault(); this.busy(this.save, "Saving …", () => this.store()); };
    const actions = element("div", { class: "actions" }, this.test, this.save);
    place.append(element("form", { novalidate: true, on: { submit } }, this.heading, this.notices, this.form.element,
      element("div", { class: "bottom" }, this.result.element, actions)));
    this.showHeading();
    await this.showNotices();
    this.preview = await Preview.of(this.form, (verdicts, name) => this.form.showVerdicts(verdicts, name));
    this.form.beside.body.append(this.preview.element);
    this.listen();
    if (this.saved?.new_signing_secret) showOnce(this.saved.new_signing_secret);
  }

  listen() {
    const { element: form } = this.form;
    form.addEventListener("input", () => { this.preview.schedule(); this.result.outdate(); });
    form.addEventListener("focusin", ({ target }) => {
      if (target.matches("[data-template]")) this.lastTemplate = target;
    });
  }

  showHeading() {
    const { id, name } = this.webhook;
    this.heading.replaceChildren(crumbs(["Webhooks", "/webhooks"]),
      element("div", { class: "title" },
        element("h1", {}, id ? name : "New Request Webhook"), id ? this.moreMenu() : ""),
      id ? tabs(id, "settings") : "");
  }

  moreMenu() {
    return menu("More", [
      ["Duplicate", () => this.attempt(() => this.duplicate())],
      ["Delete …", () => this.attempt(() => this.remove()), "danger"],
    ], { text: "⋯" });
  }

  async showNotices() {
    this.notices.replaceChildren(...await noticesOf(this));
  }

  showSchema() {
    openDialog("Event's payload schema", (close) => payloadPanel(this.fields, (text) => {
      close();
      insertInto(this.lastTemplate?.isConnected ? this.lastTemplate : this.form.editor.input, text);
    }), { kind: "panel" });
  }

  /** Does something once: the button says so meanwhile, the other one is dim, and what goes wrong is said below. */
  async busy(pressed, word, act) {
    if (this.working) return this.wait(pressed);
    const other = pressed === this.test ? this.save : this.test;
    this.working = pressed;
    const [label] = pressed.childNodes;
    pressed.replaceChildren(word);
    pressed.setAttribute("aria-busy", "true");
    other.setAttribute("aria-disabled", "true");
    try {
      await this.attempt(act);
    } finally {
      this.working = null;
      this.sent = null;
      pressed.replaceChildren(label);
      pressed.removeAttribute("aria-busy");
      other.removeAttribute("aria-disabled");
    }
  }

  /** Nobody may believe that it is saved who pressed Save, or Enter in a field, while a test runs. */
  wait(pressed) {
    if (pressed === this.working) return;
    this.result.show("", pressed === this.save
      ? "Not saved yet: the test is still running. Save when it has ended."
      : "Not tested yet: the webhook is still being saved. Test it then.");
  }

  async attempt(act) {
    try {
      await act();
    } catch (error) {
      if (error.status === 404 && this.webhook.id) await this.goOnAnew(); else this.refused(error);
    }
  }

  /** What the API refuses stands at its field; what has none stands at the bottom. */
  refused(error) {
    const problems = (error.problems ?? []).map((one) => ({ ...one, path: one.path.replace(/^webhook\./, "") }));
    const homeless = showProblems(this.form.element, problems, this.sent?.fields);
    if (!this.sent?.overtaken) focusProblem(this.form.element);
    const places = problems.filter((one) => one.path === "body_template").map((one) => one.rule);
    if (places.length) this.form.editor.mark(places);
    const count = problems.length === 1 ? "One field needs" : `${problems.length} fields need`;
    const words = [`${count} attention.`, ...homeless.map((one) => `${one.path} ${one.rule}`)];
    this.tell("failed", problems.length ? words.join(" ") : error.message);
  }

  async sendTest() {
    clearProblems(this.form.element);
    this.result.show();
    const { id } = this.webhook;
    let event;
    try {
      event = this.preview.event();
    } catch (error) {
      throw new ApiError(0, `Your own payload is not JSON: ${error.message}`);
    }
    this.sent = new Sent(this.form);
    const body = id && !this.form.changed ? { event } : { event, webhook: this.sent.document };
    const result = await ask("POST", id ? `/webhooks/${id}/test` : "/webhooks/test", { body });
    this.result.show(result.outcome, result.sentence, { invocation: result });
  }

  tell(kind, text) {
    this.result.show(kind, text, { lasts: Boolean(this.sent?.overtaken) });
  }

  async store() {
    clearProblems(this.form.element);
    this.result.show();
    try {
      await this.send(this.webhook.version);
    } catch (error) {
      if (error.status !== 412) throw error;
      await this.settle();
    }
  }

  /** Saves what stands here in place of `version`. */
  async send(version) {
    const { id } = this.webhook;
    const sent = new Sent(this.form);
    this.sent = sent;
    const [method, path] = id ? ["PUT", `/webhooks/${id}`] : ["POST", "/webhooks"];
    const saved = await ask(method, path, { body: sent.document, version });
    this.take(saved, sent);
    if (!id) this.moved(`/webhooks/${saved.id}`);
    if (this.form.changed) this.tell("", SAVED_PARTLY);
    else this.tell("successful", saved.active ? "Saved." : SAVED_INACTIVE);
    if (!this.result.element.isConnected) announce(`${saved.name} is saved.`);
    if (saved.new_signing_secret) showOnce(saved.new_signing_secret);
  }

  /** Shows what is stored now; what was changed since it was `sent` stays. */
  async take(saved, sent = null) {
    Object.assign(this, { webhook: saved, saved: null, recipe: null });
    if (sent?.overtaken) {
      this.form.keep(saved, sent);
    } else {
      this.form.fill(saved);
      this.form.beside.body.append(this.preview.element);
    }
    this.preview.schedule();
    this.showHeading();
    await this.showNotices();
  }

  /** Somebody else has saved it meanwhile: theirs or mine. */
  async settle() {
    const theirs = await ask("GET", `/webhooks/${this.webhook.id}`);
    const choice = await askWhose(theirs, this.webhook.version);
    if (choice === "theirs") this.take(theirs);
    if (choice === "mine") await this.send(theirs.version);
  }

  /** Somebody else has deleted it meanwhile: nothing of what stands here is stored. */
  async goOnAnew() {
    if (!(await askAnew())) {
      this.result.show("failed", "This webhook has been deleted. Save it again to make it a new one.");
      return;
    }
    await this.take(withoutMasks(this.form.read()));
    this.form.initial = null;
    this.notices.append(notice("Not saved", "This webhook has been deleted. Enter its secrets again and save it."));
  }

  async rotate() {
    await this.attempt(async () => {
      const saved = await ask("POST", `/webhooks/${this.webhook.id}/signing/rotate`, { version: this.webhook.version });
      this.webhook = { ...this.webhook, version: saved.version };
      showOnce(saved.new_signing_secret);
    });
  }

  async duplicate() {
    const copy = await ask("POST", `/webhooks/${this.webhook.id}/duplicate`);
    keepForNextPage(copy);
    location.hash = `#/webhooks/${copy.id}`;
  }

  async remove() {
    const { confirmDeletion } = await import("./deleting.js");
    if (!(await confirmDeletion(this.webhook))) return;
    this.done = true;
    announce(`${this.webhook.name} is deleted.`);
    location.hash = "#/webhooks";
  }
}
