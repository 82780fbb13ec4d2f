/** The deliveries of one webhook, the newest event first. */

import { ask } from "./api.js";
import { announce, button, duration, element, link, moment } from "./elements.js";
import { choice } from "./fields.js";
import { replayFailed, showJobs } from "./replay.js";
import { tabs } from "./webhook.js";

const STATES = { succeeded: "Succeeded", failed: "Failed", waiting: "Waiting", delivering: "Delivering" };
const TRIGGERS = ["RequestCreated", "RequestApproved", "RequestGranted", "RequestRejected", "RequestFailed", "RequestExpired"];
const HEADS = ["State", "Request", "Trigger", "Event", "Attempts", "Duration"];

/** Fills `place` with the list. */
export async function show(place, { id, query }) {
  const webhook = await ask("GET", `/webhooks/${id}`);
  const list = new List(id, query.get("state") ?? "");
  await list.load();
  const jobs = element("div");
  place.append(
    element("p", { class: "crumbs" }, link("Webhooks", "/webhooks"), " / "),
    element("div", { class: "title" }, element("h1", {}, webhook.name),
      button("Replay failed …", () => replayFailed(webhook, jobs, () => list.reload()))),
    tabs(id, "deliveries"), jobs, list.tools, list.element);
  showJobs(id, jobs, () => list.reload());
}

/** A delivery's state: a dot, the word, and why. */
export function stateView({ state, reason }) {
  return element("span", { class: `state ${state}`, title: reason ?? "" }, STATES[state] ?? state);
}

class List {
  constructor(id, state) {
    this.id = id;
    this.state = choice(state, [["", "Every state"], ...Object.entries(STATES)], { "aria-label": "State", on: { change: () => this.reload() } });
    this.trigger = choice("", [["", "Every trigger"], ...TRIGGERS.map((one) => [one, one])], { "aria-label": "Trigger", on: { change: () => this.reload() } });
    this.body = element("tbody");
    this.more = button("Show more", () => this.append(), { kind: "quiet" });
    this.element = element("div");
    this.tools = element("div", { class: "tools" }, this.state, this.trigger, button("Refresh", () => this.reload(), { kind: "quiet" }));
  }

  page(cursor) {
    const query = { state: this.state.value, trigger: this.trigger.value, limit: 50, cursor };
    return ask("GET", `/webhooks/${this.id}/deliveries`, { query });
  }

  async load() {
    const page = await this.page(null);
    this.body.replaceChildren(...page.items.map(row));
    this.finish(page);
    this.element.replaceChildren(page.items.length || page.next_cursor ? this.filled() : this.empty());
  }

  async reload() {
    try {
      await this.load();
    } catch (error) {
      announce(error.message);
    }
  }

  async append() {
    this.more.disabled = true;
    try {
      const page = await this.page(this.cursor);
      this.body.append(...page.items.map(row));
      this.finish(page);
    } catch (error) {
      announce(error.message);
    } finally {
      this.more.disabled = false;
    }
  }

  finish(page) {
    this.cursor = page.next_cursor;
    this.more.hidden = !this.cursor;
  }

  filled() {
    return element("div", {},
      element("table", { class: "list" }, element("caption", { class: "unseen" }, "Deliveries, the newest event first"),
        element("thead", {}, element("tr", {}, HEADS.map((one) => element("th", { scope: "col" }, one)))), this.body),
      element("p", { class: "centred" }, this.more));
  }

  empty() {
    const filtered = this.state.value || this.trigger.value;
    return element("div", { class: "empty" }, element("h2", {}, filtered ? "No delivery fits" : "No deliveries yet"),
      element("p", {}, filtered ? "Choose another state or trigger." : "As soon as an event comes that this webhook wants, what became of it stands here. A test leaves no delivery."));
  }
}

function row(one) {
  const cell = (label, ...content) => element("td", { "data-label": label }, content);
  return element("tr", {},
    cell("State", link(stateView(one), `/deliveries/${one.id}`), one.state === "succeeded" ? null : element("small", { class: "quiet" }, note(one))),
    cell("Request", one.request_id ?? "–"),
    cell("Trigger", one.trigger.replace(/^Request/, "")),
    cell("Event", moment(one.event_time)),
    cell("Attempts", String(one.attempts)),
    cell("Duration", duration(one.last_attempt?.duration_ms)));
}

/** What came of it, and what is next. */
export function note(one) {
  if (one.parked_host) return `${one.parked_host} is down: it is sent when the host is back`;
  if (one.next_attempt_at) return [one.reason ? `${one.reason}; ` : "", "next attempt ", moment(one.next_attempt_at)];
  return one.reason ?? "";
}
