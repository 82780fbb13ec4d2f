/** The table of webhooks: what there is, whether it is on, and how it does. */

import { ask } from "./api.js";
import { announce, button, element, GrowingTable, link, menu, moment, stateView } from "./elements.js";

const PAGE_SIZE = 50;

/** Fills `place` with the table, searched as the address says. */
export async function show(place, { query, remember }) {
  const page = new Page(query, remember);
  await page.load();
  place.append(
    element("div", { class: "title" }, element("h1", {}, "Webhooks"), addMenu()),
    page.tools,
    page.table.element,
  );
}

function addMenu() {
  return menu("Add Webhook", [
    ["Request Webhook", () => { location.hash = "#/webhooks/new"; }],
    ["From a recipe …", () => tried(chooseRecipe)],
  ], { kind: "primary" });
}

async function chooseRecipe() {
  const { chooseRecipe: choose } = await import("./recipes.js");
  const recipe = await choose();
  if (recipe) location.hash = `#/webhooks/new?recipe=${recipe}`;
}

class Page {
  constructor(query, remember) {
    this.remember = remember;
    this.search = element("input", { type: "search", value: query.get("search") ?? "", "aria-label": "Search by name",
      placeholder: "Search by name", maxlength: 64, on: { input: () => this.typed() } });
    this.status = element("select", { "aria-label": "Status", on: { change: () => this.reload() } },
      element("option", { value: "" }, "Active and inactive"),
      element("option", { value: "active" }, "Active"),
      element("option", { value: "inactive" }, "Inactive"));
    this.status.value = query.get("status") ?? "";
    this.tools = element("form", { class: "tools", role: "search", on: { submit: (event) => event.preventDefault() } },
      this.search, this.status);
    this.table = new GrowingTable({
      name: "webhooks",
      caption: "Webhooks by name",
      heads: ["Name", "Target host", "Triggers", "Last delivery", "Last 24 hours",
        element("span", { class: "unseen" }, "Actions")],
      ask: (cursor, signal) => ask("GET", "/webhooks", { query: { ...this.wanted, cursor }, signal }),
      row: (webhook) => this.row(webhook),
      empty: () => empty(this.searching),
    });
  }

  get wanted() {
    return { search: this.search.value.trim(), status: this.status.value, limit: PAGE_SIZE, with: "recent" };
  }

  get searching() {
    return Boolean(this.wanted.search || this.wanted.status);
  }

  async load() {
    await this.table.load();
    this.tools.hidden = !this.table.body.children.length && !this.searching;
  }

  async reload() {
    const { search, status } = this.wanted;
    this.remember({ search, status });
    await this.table.tried(() => this.load());
  }

  typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.reload(), 200);
  }

  row(webhook) {
    const cell = (label, ...content) => element("td", { "data-label": label }, content);
    const row = element("tr", { "data-id": webhook.id },
      element("td", {}, element("div", { class: "named" }, statusDot(webhook),
        element("div", {}, link(webhook.name, `/webhooks/${webhook.id}`, { class: "strong" }), statusWord(webhook)))),
      cell("Target host", host(webhook.url)),
      cell("Triggers", triggers(webhook.triggers)),
      cell("Last delivery", lastDelivery(webhook)),
      cell("Last 24 hours", share(webhook.recent)),
      element("td", { class: "end" }, this.actions(webhook, (made) => this.replace(row, made))));
    return row;
  }

  actions(webhook, replace) {
    return menu(`Actions for ${webhook.name}`, [
      ["Edit", () => { location.hash = `#/webhooks/${webhook.id}`; }],
      ["Deliveries", () => { location.hash = `#/webhooks/${webhook.id}/deliveries`; }],
      [webhook.active ? "Switch off" : "Switch on", () => tried(() => switchOver(webhook, replace))],
      ["Duplicate", () => tried(() => duplicate(webhook))],
      ["Delete …", () => tried(() => remove(webhook, replace)), "danger"],
    ], { text: "⋯" });
  }

  /** A row as it is now, none when the webhook is gone. Whoever was at its menu is at it again, or at the next one. */
  async replace(row, webhook) {
    const made = webhook && this.row(webhook);
    const next = made ?? row.nextElementSibling ?? row.previousElementSibling;
    const here = row.contains(document.activeElement) || document.activeElement === document.body;
    if (made) row.replaceWith(made); else row.remove();
    this.table.tell();
    if (!next) await this.reload();
    if (here) (next?.querySelector("summary") ?? document.querySelector(".title summary")).focus();
  }
}

function empty(searching) {
  if (searching) {
    return element("div", { class: "empty" }, element("h2", {}, "No webhook fits"),
      element("p", {}, "Try another part of the name, or another status."));
  }
  return element("div", { class: "empty" },
    element("h2", {}, "No webhooks yet"),
    element("p", {}, "A webhook sends access requests, as they are made, approved, granted and ended, to Torq or to ",
      "any other HTTPS endpoint."),
    element("p", { class: "actions centred" },
      link("Request Webhook", "/webhooks/new", { class: "button primary" }),
      button("From a recipe …", () => tried(chooseRecipe))));
}

async function tried(act) {
  try {
    await act();
  } catch (error) {
    announce(error.message);
  }
}

async function switchOver(webhook, replace) {
  const { id, version, active } = webhook;
  const changed = await ask("PATCH", `/webhooks/${id}`, { body: { active: !active }, version });
  await replace({ ...webhook, ...changed });
  announce(`${webhook.name} is ${changed.active ? "active" : "inactive"} now.`);
}

async function duplicate(webhook) {
  const copy = await ask("POST", `/webhooks/${webhook.id}/duplicate`);
  const { keepForNextPage } = await import("./passing.js");
  keepForNextPage(copy);
  location.hash = `#/webhooks/${copy.id}`;
}

async function remove(webhook, replace) {
  const { confirmDeletion } = await import("./deleting.js");
  if (await confirmDeletion(webhook)) {
    await replace(null);
    announce(`${webhook.name} is deleted.`);
  }
}

/** A dot for those who see colours; the word stands beside it. */
function statusDot(webhook) {
  return element("span", { class: `dot ${webhook.active ? "on" : "off"}`, "aria-hidden": "true" });
}

function statusWord({ problem, active, inactive_reason: reason }) {
  const word = active ? "Active" : "Inactive";
  if (problem) return element("small", { class: "bad" }, `Cannot be read: ${problem}`);
  return reason ? element("small", { class: "bad" }, `${word}: ${reason}`) : element("small", { class: "quiet" }, word);
}

function host(url) {
  return URL.canParse(url) ? new URL(url).host : url;
}

function triggers(names) {
  const short = names.map((one) => one.replace(/^Request/, ""));
  return short.length === 6 ? "All six" : short.join(", ");
}

function lastDelivery({ recent }) {
  const last = recent?.last_delivery;
  if (!last) return element("span", { class: "quiet" }, "None");
  return [link(stateView(last), `/deliveries/${last.id}`),
    element("small", { class: "quiet" }, moment(last.event_time))];
}

function share(recent) {
  const ended = recent ? recent.succeeded + recent.failed : 0;
  if (!ended) return element("span", { class: "quiet" }, "–");
  const part = recent.succeeded / ended;
  const text = `${Math.floor(part * 100)} %`;
  return element("div", { class: "share" },
    element("meter",
      { min: 0, max: 1, low: 0.9, high: 0.99, optimum: 1, value: part, "aria-label": `${text} succeeded` }),
    element("small", {}, recent.complete ? `${text} of ${ended}` : `${text} of the last ${ended}`));
}
