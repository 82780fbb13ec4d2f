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
  if (job) await new Job(job, done).watch(place);
}

/** Shows the jobs that run at the moment. */
export async function showJobs(id, place, done) {
  const { items } = await ask("GET", `/webhooks/${id}/replays`).catch(() => ({ items: [] }));
  for (const job of items.filter((one) => one.state === "running")) new Job(job, done).watch(place);
}

class Wish {
  constructor(webhook, close) {
    Object.assign(this, { webhook, close });
    this.since = text(local(new Date(Date.now() - DAY_MS)), { type: "datetime-local", step: 1 });
    // The second that has begun counts too: whoever looks at what has just failed wants it replayed.
    this.until = text(local(new Date(Date.now() + 1000)), { type: "datetime-local", step: 1 });
    this.rate = text(60, { type: "number", min: 1, max: 600, class: "short" });
    this.words = element("p", { class: "answer", role: "status" });
    this.start = button("Replay", () => this.ask(false), { kind: "primary", disabled: true });
    const submit = (event) => { event.preventDefault(); this.ask(true); };
    this.element = element("form", { on: { submit, input: () => this.recount() } },
      element("p", {}, "Deliveries that failed are sent again, each with the same webhook-id and with the webhook ",
        "as it is now."),
      element("div", { class: "columns" },
        field("since", "Events since", this.since), field("until", "Until", this.until)),
      field("per_minute", "How many a minute, at the most", this.rate, { hint: "1 to 600." }), this.words,
      element("p", { class: "actions" }, button("Count", () => {}, { type: "submit" }), this.start));
  }

  recount() {
    this.start.disabled = true;
    this.start.replaceChildren("Replay");
    this.words.textContent = "";
  }

  async ask(dryRun) {
    if (this.working) return;
    this.working = true;
    const range = { since: this.instant(this.since), until: this.instant(this.until) };
    try {
      const body = { ...range, per_minute: Number(this.rate.value), dry_run: dryRun };
      const { count, job } = await ask("POST", `/webhooks/${this.webhook.id}/replays`, { body });
      if (job) this.close(job); else this.counted(count);
    } catch (error) {
      const problems = (error.problems ?? []).map((one) => `${one.path}: ${sentence(one)}`);
      this.words.textContent = problems.join(" ") || error.message;
    } finally {
      this.working = false;
    }
  }

  counted(count) {
    const deliveries = quantity(count, "delivery", "deliveries");
    this.words.textContent = count ? `${deliveries} failed in that time.` : "No delivery failed in that time.";
    this.start.disabled = !count;
    this.start.replaceChildren(count ? `Replay ${deliveries}` : "Replay");
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

/** A job with its progress, for eyes; whoever listens is told of its end. */
class Job {
  constructor(job, done) {
    Object.assign(this, { job, done });
    this.progress = element("progress", { "aria-label": "Progress of the replay" });
    this.words = element("span");
    this.cancel = button("Cancel", () => this.stop(), { kind: "quiet" });
    this.element = element("div", { class: "notice job", tabindex: "-1" }, this.progress,
      element("span", {}, this.words, " Started ", moment(job.created_at), "."), this.cancel);
  }

  async watch(place) {
    place.append(this.element);
    this.show(this.job);
    while (this.job.state === "running") {
      await new Promise((resolve) => { setTimeout(resolve, ASKED_EVERY_MS); });
      if (!this.element.isConnected) return;
      this.show(await ask("GET", `/replays/${this.job.id}`).catch(() => this.job));
    }
    this.done();
  }

  show(job) {
    const taken = `${job.replayed} of ${quantity(job.total, "delivery", "deliveries")}`;
    const words = {
      running: `Replaying: ${taken} taken up.`,
      done: `Replayed: ${taken}.`,
      cancelled: `Cancelled: ${taken} had been taken up.`,
    };
    const ended = this.job.state === "running" && job.state !== "running";
    this.job = job;
    this.progress.max = Math.max(1, job.total);
    this.progress.value = job.replayed;
    this.words.textContent = words[job.state];
    if (job.state === "running") return;
    if (this.cancel === document.activeElement) this.element.focus();
    this.cancel.remove();
    if (ended) announce(words[job.state]);
  }

  async stop() {
    try {
      this.show(await ask("POST", `/replays/${this.job.id}/cancel`));
    } catch (error) {
      announce(error.message);
    }
  }
}
