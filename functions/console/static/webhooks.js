/** The table of webhooks: what there is, whether it is on, and how it does. */

import { ask } from "./api.js";
import { announce, button, element, link, menu, moment } from "./elements.js";

const PAGE_SIZE = 50;

/** Fills `place` with the table. */
export async function show(place) {
  const table = new Table();
  await table.load();
  place.append(
    element("div", { class: "title" }, element("h1", {}, "Webhooks"), addMenu()),
    table.tools,
    table.element,
  );
}

function addMenu() {
  return menu("Add Webhook", [
    ["Request Webhook", () => { location.hash = "#/webhooks/new"; }],
    ["From a recipe …", chooseRecipe],
  ], { kind: "primary" });
}

async function chooseRecipe() {
  const { chooseRecipe: choose } = await import("./recipes.js");
  const recipe = await choose();
  if (recipe) location.hash = `#/webhooks/new?recipe=${recipe}`;
}

class Table {
  constructor() {
    this.search = "";
    this.status = "";
    this.cursor = null;
    this.asked = null;
    this.body = element("tbody");
    this.more = button("Show more", () => this.append(), { kind: "quiet" });
    this.element = element("div");
    this.tools = this.makeTools();
    new IntersectionObserver(([one]) => { if (one.isIntersecting && !this.more.disabled) this.append(); },
      { rootMargin: "600px" }).observe(this.more);
  }

  makeTools() {
    const typed = (event) => {
      this.search = event.target.value.trim();
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.reload(), 200);
    };
    const chosen = (event) => { this.status = event.target.value; this.reload(); };
    return element("form", { class: "tools", role: "search", on: { submit: (event) => event.preventDefault() } },
      element("input", { type: "search", "aria-label": "Search by name", placeholder: "Search by name", maxlength: 64, on: { input: typed } }),
      element("select", { "aria-label": "Status", on: { change: chosen } },
        element("option", { value: "" }, "Active and inactive"),
        element("option", { value: "active" }, "Active"),
        element("option", { value: "inactive" }, "Inactive")));
  }

  async reload() {
    try {
      await this.load();
    } catch (error) {
      if (error.name !== "AbortError") announce(error.message);
    }
  }

  /** The first page of what is searched for, in place of what is shown; a search that is overtaken is dropped. */
  async load() {
    const page = await this.page(null);
    this.body.replaceChildren(...page.items.map((one) => this.row(one)));
    this.element.replaceChildren(page.items.length ? this.filled() : this.empty());
    this.tools.hidden = !page.items.length && !this.searching;
    this.finish(page);
  }

  async append() {
    this.more.disabled = true;
    try {
      const page = await this.page(this.cursor);
      this.body.append(...page.items.map((one) => this.row(one)));
      this.finish(page);
    } catch (error) {
      if (error.name !== "AbortError") announce(error.message);
      this.more.disabled = false;
    }
  }

  page(cursor) {
    this.asked?.abort();
    this.asked = new AbortController();
    const query = { search: this.search, status: this.status, limit: PAGE_SIZE, cursor, with: "recent" };
    return ask("GET", "/webhooks", { query, signal: this.asked.signal });
  }

  finish(page) {
    this.cursor = page.next_cursor;
    this.more.hidden = !this.cursor;
    this.more.disabled = !this.cursor;
  }

  get searching() {
    return Boolean(this.search || this.status);
  }

  filled() {
    const heads = ["Name", "Target host", "Triggers", "Last delivery", "Last 24 hours"];
    return element("div", {},
      element("table", { class: "list webhooks" },
        element("caption", { class: "unseen" }, "Webhooks by name"),
        element("thead", {}, element("tr", {}, heads.map((one) => element("th", { scope: "col" }, one)),
          element("th", { scope: "col" }, element("span", { class: "unseen" }, "Actions")))),
        this.body),
      element("p", { class: "centred" }, this.more));
  }

  empty() {
    if (this.searching) {
      return element("div", { class: "empty" }, element("h2", {}, "No webhook fits"),
        element("p", {}, "Try another part of the name, or another status."));
    }
    return element("div", { class: "empty" },
      element("h2", {}, "No webhooks yet"),
      element("p", {}, "A webhook sends access requests, as they are made, approved, granted and ended, to Torq or to any other HTTPS endpoint."),
      element("p", { class: "actions centred" },
        link("Request Webhook", "/webhooks/new", { class: "button primary" }),
        button("From a recipe …", chooseRecipe)));
  }

  row(webhook) {
    const row = element("tr", { "data-id": webhook.id },
      element("td", {}, element("div", { class: "named" }, statusDot(webhook),
        element("div", {}, link(webhook.name, `/webhooks/${webhook.id}`, { class: "strong" }),
          element("small", { class: webhook.inactive_reason || webhook.problem ? "bad" : "quiet" }, statusWord(webhook))))),
      element("td", { "data-label": "Target host", class: "host" }, host(webhook.url)),
      element("td", { "data-label": "Triggers" }, triggers(webhook.triggers)),
      element("td", { "data-label": "Last delivery" }, lastDelivery(webhook)),
      element("td", { "data-label": "Last 24 hours" }, share(webhook.recent)),
      element("td", { class: "end" }, this.actions(webhook)));
    return row;
  }

  actions(webhook) {
    const replace = (made) => {
      const row = this.body.querySelector(`tr[data-id="${CSS.escape(webhook.id)}"]`);
      if (made) row?.replaceWith(this.row(made)); else row?.remove();
      if (!this.body.children.length) this.reload();
    };
    return menu(`Actions for ${webhook.name}`, [
      ["Edit", () => { location.hash = `#/webhooks/${webhook.id}`; }],
      ["Deliveries", () => { location.hash = `#/webhooks/${webhook.id}/deliveries`; }],
      [webhook.active ? "Switch off" : "Switch on", () => tried(() => switchOver(webhook, replace))],
      ["Duplicate", () => tried(() => duplicate(webhook))],
      ["Delete …", () => tried(() => remove(webhook, replace)), "danger"],
    ], { text: "⋯" });
  }
}

async function tried(act) {
  try {
    await act();
  } catch (error) {
    announce(error.message);
  }
}

async function switchOver(webhook, replace) {
  const changed = await ask("PATCH", `/webhooks/${webhook.id}`, { body: { active: !webhook.active }, version: webhook.version });
  replace({ ...webhook, ...changed });
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
    replace(null);
    announce(`${webhook.name} is deleted.`);
  }
}

/** A dot for those who see colours; the word stands beside it. */
function statusDot(webhook) {
  return element("span", { class: `dot ${webhook.active ? "on" : "off"}`, "aria-hidden": "true" });
}

function statusWord(webhook) {
  if (webhook.problem) return `Cannot be read: ${webhook.problem}`;
  if (webhook.active) return "Active";
  return webhook.inactive_reason ? `Inactive: ${webhook.inactive_reason}` : "Inactive";
}

function host(url) {
  return URL.canParse(url) ? new URL(url).host : url;
}

function triggers(names) {
  const short = names.map((one) => one.replace(/^Request/, ""));
  return short.length === 6 ? "All six" : short.join(", ");
}

const WORDS = { delivering: "Delivering", waiting: "Waiting", succeeded: "Succeeded", failed: "Failed" };

function lastDelivery({ recent }) {
  const last = recent?.last_delivery;
  if (!last) return element("span", { class: "quiet" }, "None");
  return element("div", {},
    link(WORDS[last.state] ?? last.state, `/deliveries/${last.id}`, { class: `state ${last.state}`, title: last.reason ?? "" }),
    element("small", { class: "quiet" }, moment(last.event_time)));
}

function share(recent) {
  const ended = recent ? recent.succeeded + recent.failed : 0;
  if (!ended) return element("span", { class: "quiet" }, "–");
  const part = recent.succeeded / ended;
  const text = `${Math.floor(part * 100)} %`;
  return element("div", { class: "share" },
    element("meter", { min: 0, max: 1, low: 0.9, high: 0.99, optimum: 1, value: part, "aria-label": `${text} succeeded` }),
    element("small", {}, recent.complete ? `${text} of ${ended}` : `${text} of the last ${ended}`));
}
