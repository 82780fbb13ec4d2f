/** One delivery: what became of it, each attempt as it went over the wire, and Replay. */

import { ask } from "./api.js";
import { announce, button, crumbs, duration, element, moment, stateView } from "./elements.js";
import { note } from "./deliveries.js";
import { codeView, pretty, requestView, responseView, timingsView, validatorsView } from "./exchange.js";

const ENDED = ["succeeded", "failed"];
const WATCHED_EVERY_MS = 1500;
const WATCHED_TIMES = 40;

/** Fills `place` with the delivery `id`. */
export async function show(place, { id }) {
  const page = new Page(await ask("GET", `/deliveries/${encodeURIComponent(id)}`));
  await page.fill(place);
}

class Page {
  constructor(delivery) {
    this.delivery = delivery;
    this.path = `/deliveries/${encodeURIComponent(delivery.id)}`;
    this.replay = button("Replay", () => this.sendAgain());
    this.summary = element("dl", { class: "facts card" });
    this.attempts = element("div");
    this.shown = new Map();
  }

  async fill(place) {
    const { webhook_id: webhook, request_id: request, trigger } = this.delivery;
    const { name } = await ask("GET", `/webhooks/${webhook}`).catch(() => ({ name: "a webhook that was deleted" }));
    this.show();
    place.append(
      crumbs(["Webhooks", "/webhooks"], [name, `/webhooks/${webhook}/deliveries`]),
      element("div", { class: "title" },
        element("h1", {}, `${request ?? "A request"} ${trigger.replace(/^Request/, "").toLowerCase()}`), this.replay),
      this.summary,
      element("h2", {}, "Attempts"), this.attempts,
      element("h2", {}, "Event"), event(this.delivery));
  }

  /** What has changed; an attempt that somebody has opened stays as it is. */
  show() {
    const { delivery } = this;
    this.replay.setAttribute("aria-disabled", String(!ENDED.includes(delivery.state)));
    this.summary.replaceChildren(...facts(delivery));
    const made = delivery.history.map((one) => {
      const key = `${one.number} ${one.started_at} ${one.before_replay}`;
      if (!this.shown.has(key)) this.shown.set(key, attempt(one));
      return this.shown.get(key);
    });
    if (made.length === this.count) return;
    this.count = made.length;
    if (made.length) made.at(-1).open = true;
    this.attempts.replaceChildren(...(made.length ? made.reverse() : [element("p", { class: "quiet" }, "None yet.")]));
  }

  /** Replays, and shows how it goes until it has ended or a minute is over. */
  async sendAgain() {
    if (this.working || !ENDED.includes(this.delivery.state)) return;
    this.working = true;
    try {
      await ask("POST", `${this.path}/replay`);
      announce("It is sent again, with the same webhook-id.");
      await this.watch();
    } catch (error) {
      announce(error.message);
    } finally {
      this.working = false;
    }
  }

  async watch() {
    for (let times = 0; times < WATCHED_TIMES; times += 1) {
      this.delivery = await ask("GET", this.path);
      if (!this.replay.isConnected) return;
      this.show();
      const { state, attempts, reason } = this.delivery;
      if (ENDED.includes(state) || (state === "waiting" && attempts > 0)) {
        announce(`Replayed: ${state}${reason && state !== "succeeded" ? `, ${reason}` : ""}.`);
        return;
      }
      await new Promise((resolve) => { setTimeout(resolve, WATCHED_EVERY_MS); });
    }
  }
}

function facts(one) {
  const fact = (name, ...value) => [element("dt", {}, name), element("dd", {}, value)];
  const next = note(one);
  return [
    fact("State", stateView(one), next ? element("small", { class: "quiet" }, next) : null),
    fact("Event", moment(one.event_time, { absolute: true })),
    fact("Attempts", `${one.attempts}`),
    fact("Delivery id", element("code", {}, one.id),
      element("small", { class: "quiet" }, " the webhook-id that the receiver sees")),
    fact("Event id", element("code", {}, one.event_id)),
  ].flat();
}

function attempt(one) {
  return element("details", { class: "card attempt" }, attemptSummary(one),
    one.reason ? element("p", {}, `${one.reason[0].toUpperCase()}${one.reason.slice(1)}.`) : null,
    one.too_large ? element("p", { class: "quiet" }, "Request and response were too large to be kept.") : [
      element("h3", {}, "Request"), requestView(one.request),
      element("h3", {}, "Response"), responseView(one.response)],
    one.validators?.length ? [element("h3", {}, "Response validators"), validatorsView(one.validators)] : null,
    one.timings ? [element("h3", {}, "Timings"), timingsView(one.timings, one.remote_address)] : null);
}

function attemptSummary(one) {
  const status = one.response ? `${one.response.status}` : one.code.replaceAll("_", " ");
  const quiet = (...words) => element("span", { class: "quiet" }, words);
  return element("summary", {}, element("b", {}, `Attempt ${one.number}`),
    element("span", { class: /^2/.test(status) ? "good" : "bad" }, status),
    quiet(moment(one.started_at, { absolute: true })), quiet(duration(one.timings?.total_ms)),
    one.before_replay ? quiet("before the replay") : null);
}

function event({ payload }) {
  if (!payload) {
    return element("p", { class: "quiet" }, "The event is not stored any more, or was too large to be stored.");
  }
  return element("details", { class: "card" }, element("summary", {}, "The payload, as it came"),
    codeView("The payload", pretty(JSON.stringify(payload))));
}
