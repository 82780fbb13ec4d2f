"""Replay: a delivery that has ended is sent again, with the same `webhook-id`, its attempts counted anew.

One at a time, or a job: all `failed` deliveries of a webhook in a time range. A job is counted before it starts, goes
step by step, one a minute, at a bounded rate, and can be cancelled; its row says how far it is. The sweep has each step
taken: steps that sent each other on would look to Lambda like an endless loop, which it stops.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import Final, Protocol

from grantwire.delivering import Wakeups, sweep_at
from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.models import Delivery, State

MAX_RATE: Final = 600  # deliveries per minute
STEP_SECONDS: Final = 60.0
PAGE: Final = 100
MAX_PAGES: Final = 100  # looked at in one step: rows that did not fail are passed over


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@frozen
class ReplayJob:
    """All failed deliveries of a webhook whose events happened from `since` to `until` (epoch seconds).

    per_minute  how many are sent in a minute
    total       how many there were when the job was made
    replayed    how many have been taken up so far
    next_at     when the deliveries of its next step may begin
    cursor      the sort key of the last delivery that was looked at
    """

    id: str
    webhook_id: str
    since: float
    until: float
    per_minute: int
    total: int
    state: JobState = JobState.RUNNING
    replayed: int = 0
    next_at: float = 0.0
    cursor: str = ""


@frozen(kw_only=False)
class ReplayStep:
    """A message: the job's next step is due."""

    job_id: str


class Rows(Protocol):
    """Deliveries and replay jobs, see `stores.deliveries` and `stores.replay_jobs`."""

    def restart(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        """Make an ended delivery wait for a first attempt; False when it is not as given any more."""
        ...

    def failed(
        self, webhook_id: str, *, since: float, until: float, after: str, limit: int
    ) -> tuple[Sequence[Delivery], str]:
        """Failed deliveries, oldest first, and the sort key up to which the rows were looked at; empty: to the end."""
        ...


class Jobs(Protocol):
    """Rows of replay jobs, see `stores.replay_jobs`."""

    def create(self, job: ReplayJob) -> None:
        """Store a new job."""
        ...

    def get(self, job_id: str) -> ReplayJob | None:
        """The job, None when there is none."""
        ...

    def running(self) -> Sequence[ReplayJob]:
        """Every job that is running."""
        ...

    def advance(self, job: ReplayJob, after: ReplayJob) -> bool:
        """Write `after` over `job`; False when the job was cancelled, or another step was faster."""
        ...


class Steps(Protocol):
    """Messages that have a job go on, see `stores.wakeups`."""

    def send_step(self, job_id: str) -> None:
        """Have the job's next step taken."""
        ...


@frozen
class Replayer:
    """Replays deliveries. Raises StoreError for our own faults."""

    rows: Rows
    jobs: Jobs
    wakeups: Wakeups
    steps: Steps
    clock: Callable[[], float]

    def replay(self, delivery: Delivery, *, delay_seconds: float = 0.0) -> bool:
        """Send one ended delivery again; False when it has not ended, or not any more."""
        if delivery.state not in (State.FAILED, State.SUCCEEDED):
            return False
        now = self.clock()
        due_at = now + delay_seconds
        if not self.rows.restart(delivery, due_at=due_at, sweep_at=sweep_at(due_at, now)):
            return False
        again = replace(delivery, state=State.WAITING, attempts=0, due_at=due_at)
        self.wakeups.send(again, delay_seconds=delay_seconds)
        return True

    def count(self, webhook_id: str, *, since: float, until: float) -> int:
        """How many deliveries a job would replay now."""
        total, cursor = 0, ""
        while True:
            page, cursor = self.rows.failed(webhook_id, since=since, until=until, after=cursor, limit=PAGE)
            total += len(page)
            if not cursor:
                return total

    def start(
        self, job_id: str, webhook_id: str, *, since: float, until: float, per_minute: int, total: int | None = None
    ) -> ReplayJob:
        """Make a job and have it begin. `per_minute`: 1 to MAX_RATE; `total`: when they have been counted already."""
        job = ReplayJob(
            id=job_id,
            webhook_id=webhook_id,
            since=since,
            until=until,
            per_minute=max(1, min(per_minute, MAX_RATE)),
            total=self.count(webhook_id, since=since, until=until) if total is None else total,
        )
        self.jobs.create(job)
        with suppress(StoreError):  # the job is there: the sweep has its steps taken
            self.steps.send_step(job.id)
        return job

    def cancel(self, job: ReplayJob) -> bool:
        """Stop a job after the step it is in; False when it has ended already."""
        return job.state is JobState.RUNNING and self.jobs.advance(job, replace(job, state=JobState.CANCELLED))

    def step(self, job_id: str) -> None:
        """One minute's worth of a job, unless that minute has been taken: steps may come late, and then all at once.

        The minute first, then the deliveries, how far it came last: what a step that died has left is taken by the
        next, and what it has replayed is not failed any more.
        """
        stored, now = self.jobs.get(job_id), self.clock()
        if stored is None or stored.state is not JobState.RUNNING or stored.next_at > now + STEP_SECONDS / 2:
            return
        begin = max(now, stored.next_at)
        job = replace(stored, next_at=begin + STEP_SECONDS)
        if not self.jobs.advance(stored, job):
            return
        taken, cursor = 0, job.cursor
        for _ in range(MAX_PAGES):
            left = job.per_minute - taken
            page, cursor = self.rows.failed(
                job.webhook_id, since=job.since, until=job.until, after=cursor, limit=min(left, PAGE)
            )
            apart = STEP_SECONDS / job.per_minute
            delays = [begin - now + (taken + index) * apart for index in range(len(page))]
            taken += sum(self.replay(one, delay_seconds=delay) for one, delay in zip(page, delays, strict=True))
            if not cursor or taken >= job.per_minute:
                break
        state = JobState.RUNNING if cursor else JobState.DONE
        self.jobs.advance(job, replace(job, replayed=job.replayed + taken, cursor=cursor or job.cursor, state=state))
