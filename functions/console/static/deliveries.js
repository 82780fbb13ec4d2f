/** The deliveries of one webhook, the newest event first. */

import { ask } from "./api.js";
import {
  button, crumbs, DELIVERY_STATES, duration, element, GrowingTable, link, moment, stateView,
} from "./elements.js";
import { choice } from "./fields.js";
import { replayFailed, showJobs } from "./replay.js";
import { tabs } from "./tabs.js";
import { TRIGGERS } from "./triggers.js";

/** Fills `place` with the list. */
export async function show(place, { id, query, remember }) {
  const webhook = await ask("GET", `/webhooks/${id}`);
  const list = new List(id, query, remember);
  await list.table.load();
  const jobs = element("div");
  const reload = () => list.table.reload();
  place.append(
    crumbs(["Webhooks", "/webhooks"]),
    element("div", { class: "title" }, element("h1", {}, webhook.name),
      button("Replay failed …", () => replayFailed(webhook, jobs, reload))),
    tabs(id, "deliveries"), jobs, list.tools, list.table.element);
  showJobs(id, jobs, reload);
}

class List {
  constructor(id, query, remember) {
    const chosen = { change: () => {
      remember({ state: this.state.value, trigger: this.trigger.value });
      this.table.reload();
    } };
    const states = [["", "Every state"], ...DELIVERY_STATES];
    const triggers = [["", "Every trigger"], ...Object.keys(TRIGGERS).map((one) => [one, one])];
    this.state = choice(query.get("state") ?? "", states, { "aria-label": "State", on: chosen });
    this.trigger = choice(query.get("trigger") ?? "", triggers, { "aria-label": "Trigger", on: chosen });
    this.tools = element("div", { class: "tools" }, this.state, this.trigger,
      button("Refresh", () => this.table.reload(), { kind: "quiet" }));
    this.table = new GrowingTable({
      name: "deliveries",
      caption: "Deliveries, the newest event first",
      heads: ["State", "Request", "Trigger", "Event", "Attempts", "Duration"],
      ask: (cursor, signal) => ask("GET", `/webhooks/${id}/deliveries`, { query: { ...this.wanted, cursor }, signal }),
      row,
      empty: () => empty(this.wanted),
    });
  }

  get wanted() {
    return { state: this.state.value, trigger: this.trigger.value, limit: 50 };
  }
}

function empty({ state, trigger }) {
  const [title, words] = state || trigger
    ? ["No delivery fits", "Choose another state or trigger."]
    : ["No deliveries yet", "As soon as an event comes that this webhook wants, what became of it stands here. " +
      "A test leaves no delivery."];
  return element("div", { class: "empty" }, element("h2", {}, title), element("p", {}, words));
}

function row(one) {
  const cell = (label, ...content) => element("td", { "data-label": label }, content);
  return element("tr", {},
    cell("State", link(stateView(one), `/deliveries/${one.id}`),
      one.state === "succeeded" ? null : element("small", { class: "quiet" }, note(one))),
    cell("Request", one.request_id ?? "–"),
    cell("Trigger", one.trigger.replace(/^Request/, "")),
    cell("Event", moment(one.event_time)),
    cell("Attempts", String(one.attempts)),
    cell("Duration", duration(one.last_attempt?.duration_ms)));
}

/** What came of it, and what is next. */
export function note(one) {
  if (one.parked_host) return `the receiver at ${one.parked_host} is down: it is sent when that is back`;
  if (one.next_attempt_at) return [one.reason ? `${one.reason}; ` : "", "next attempt ", moment(one.next_attempt_at)];
  return one.reason ?? "";
}
