/** Replays of all failed deliveries of a time range: counted first, then watched. */

import { ask } from "./api.js";
import { announce, button, element, moment, openDialog, quantity } from "./elements.js";
import { field, text } from "./fields.js";
import { sentence } from "./problems.js";

const ASKED_EVERY_MS = 2000;
const DAY_MS = 86_400_000;

/** Asks for a range, counts, starts; `place` then shows the job, and `done` is called when it has ended. */
export async function replayFailed(webhook, place, done) {
  const job = await openDialog("Replay failed deliveries", (close) => new Wish(webhook, close).element);
  if (job) watch(job, place, done);
}

/** Shows the jobs that run at the moment. */
export async function showJobs(id, place, done) {
  const { items } = await ask("GET", `/webhooks/${id}/replays`).catch(() => ({ items: [] }));
  for (const job of items.filter((one) => one.state === "running")) watch(job, place, done);
}

class Wish {
  constructor(webhook, close) {
    Object.assign(this, { webhook, close });
    this.since = text(local(new Date(Date.now() - DAY_MS)), { type: "datetime-local", step: 1 });
    this.until = text(local(new Date()), { type: "datetime-local", step: 1 });
    this.rate = text(60, { type: "number", min: 1, max: 600, class: "short" });
    this.words = element("p", { role: "status" });
    this.start = button("Replay", () => this.ask(false), { kind: "primary", disabled: true });
    this.element = element("form", { on: { submit: (event) => { event.preventDefault(); this.ask(true); }, input: () => this.recount() } },
      element("p", {}, "Deliveries that failed are sent again, each with the same webhook-id and with the webhook as it is now."),
      element("div", { class: "columns" }, field("since", "Events since", this.since), field("until", "Until", this.until)),
      field("per_minute", "How many a minute, at the most", this.rate, { hint: "1 to 600." }), this.words,
      element("p", { class: "actions" }, button("Count", () => {}, { type: "submit" }), this.start));
  }

  recount() {
    this.start.disabled = true;
    this.words.textContent = "";
  }

  async ask(dryRun) {
    try {
      const body = { since: this.instant(this.since), until: this.instant(this.until), per_minute: Number(this.rate.value), dry_run: dryRun };
      const { count, job } = await ask("POST", `/webhooks/${this.webhook.id}/replays`, { body });
      if (job) this.close(job); else this.counted(count);
    } catch (error) {
      this.words.textContent = error.problems?.length ? error.problems.map((one) => `${one.path}: ${sentence(one)}`).join(" ") : error.message;
    }
  }

  counted(count) {
    this.words.textContent = count ? `${quantity(count, "delivery", "deliveries")} failed in that time.` : "No delivery failed in that time.";
    this.start.disabled = !count;
    this.start.replaceChildren(count ? `Replay ${quantity(count, "delivery", "deliveries")}` : "Replay");
  }

  instant(input) {
    const date = new Date(input.value);
    return Number.isNaN(date.getTime()) ? input.value : date.toISOString();
  }
}

/** A moment as an input of local time takes it. */
function local(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

async function watch(job, place, done) {
  const card = element("div", { class: "notice job", role: "status" });
  place.append(card);
  let now = job;
  while (now.state === "running") {
    fill(card, now);
    await new Promise((resolve) => { setTimeout(resolve, ASKED_EVERY_MS); });
    if (!card.isConnected) return;
    now = await ask("GET", `/replays/${job.id}`).catch(() => now);
  }
  fill(card, now);
  done();
}

function fill(card, job) {
  const taken = `${job.replayed} of ${quantity(job.total, "delivery", "deliveries")}`;
  const words = { running: `Replaying: ${taken} taken up.`, done: `Replayed: ${taken}.`, cancelled: `Cancelled: ${taken} had been taken up.` };
  card.replaceChildren(
    element("progress", { max: Math.max(1, job.total), value: job.replayed, "aria-label": "Progress of the replay" }),
    element("span", {}, words[job.state], " Started ", moment(job.created_at), "."),
    ...(job.state === "running" ? [button("Cancel", () => cancel(job, card), { kind: "quiet" })] : []));
}

async function cancel(job, card) {
  try {
    fill(card, await ask("POST", `/replays/${job.id}/cancel`));
  } catch (error) {
    announce(error.message);
  }
}
