/** One delivery: what became of it, each attempt as it went over the wire, and Replay. */

import { ask } from "./api.js";
import { announce, button, duration, element, link, moment } from "./elements.js";
import { note, stateView } from "./deliveries.js";
import { requestView, responseView, timingsView, validatorsView } from "./exchange.js";

const ENDED = ["succeeded", "failed"];
const WATCHED_EVERY_MS = 1500;
const WATCHED_TIMES = 40;

/** Fills `place` with the delivery `id`. */
export async function show(place, { id }) {
  const delivery = await ask("GET", `/deliveries/${encodeURIComponent(id)}`);
  const { name } = await ask("GET", `/webhooks/${delivery.webhook_id}`).catch(() => ({ name: "a webhook that was deleted" }));
  fill(place, delivery, name);
}

function fill(place, delivery, name) {
  const replay = button("Replay", () => sendAgain(place, delivery, name), { disabled: !ENDED.includes(delivery.state) });
  place.replaceChildren(
    element("p", { class: "crumbs" }, link("Webhooks", "/webhooks"), " / ", link(name, `/webhooks/${delivery.webhook_id}/deliveries`), " / "),
    element("div", { class: "title" }, element("h1", {}, [delivery.request_id ?? "A request", " ", delivery.trigger.replace(/^Request/, "").toLowerCase()]), replay),
    summary(delivery),
    element("h2", {}, "Attempts"),
    element("div", {}, delivery.history.length ? delivery.history.toReversed().map((one, index) => attempt(one, index === 0)) : element("p", { class: "quiet" }, "None yet.")),
    element("h2", {}, "Event"), event(delivery));
}

function summary(one) {
  const fact = (name, ...value) => [element("dt", {}, name), element("dd", {}, value)];
  const next = note(one);
  return element("dl", { class: "facts card" },
    fact("State", stateView(one), next ? element("small", { class: "quiet" }, next) : null),
    fact("Event", moment(one.event_time, { absolute: true })),
    fact("Attempts", `${one.attempts}`),
    fact("Delivery id", element("code", {}, one.id), element("small", { class: "quiet" }, " the webhook-id that the receiver sees")),
    fact("Event id", element("code", {}, one.event_id)));
}

function attempt(one, open) {
  const status = one.response ? `${one.response.status}` : one.code.replaceAll("_", " ");
  return element("details", { class: "card attempt", open },
    element("summary", {}, element("b", {}, `Attempt ${one.number}`), element("span", { class: /^2/.test(status) ? "good" : "bad" }, status),
      element("span", { class: "quiet" }, moment(one.started_at, { absolute: true })),
      element("span", { class: "quiet" }, duration(one.timings?.total_ms)), one.before_replay ? element("span", { class: "quiet" }, "before the replay") : null),
    one.reason ? element("p", {}, `${one.reason[0].toUpperCase()}${one.reason.slice(1)}.`) : null,
    one.too_large ? element("p", { class: "quiet" }, "Request and response were too large to be kept.") : [
      element("h3", {}, "Request"), requestView(one.request), element("h3", {}, "Response"), responseView(one.response)],
    one.validators?.length ? [element("h3", {}, "Response validators"), validatorsView(one.validators)] : null,
    one.timings ? [element("h3", {}, "Timings"), timingsView(one.timings, one.remote_address)] : null);
}

function event({ payload }) {
  if (!payload) return element("p", { class: "quiet" }, "The event is not stored any more, or was too large to be stored.");
  return element("details", { class: "card" }, element("summary", {}, "The payload, as it came"), element("pre", { tabindex: "0" }, JSON.stringify(payload, null, 2)));
}

/** Replays, and shows how it goes until it has ended or a minute is over. */
async function sendAgain(place, delivery, name) {
  try {
    await ask("POST", `/deliveries/${encodeURIComponent(delivery.id)}/replay`);
    announce("It is sent again, with the same webhook-id.");
    await watch(place, delivery.id, name);
  } catch (error) {
    announce(error.message);
  }
}

async function watch(place, id, name) {
  for (let times = 0; times < WATCHED_TIMES; times += 1) {
    const now = await ask("GET", `/deliveries/${encodeURIComponent(id)}`);
    if (!place.isConnected) return;
    fill(place, now, name);
    if (ENDED.includes(now.state) || (now.state === "waiting" && now.attempts > 0)) return;
    await new Promise((resolve) => { setTimeout(resolve, WATCHED_EVERY_MS); });
  }
}
