"""The net below the wake-ups: finds deliveries that are overdue and senders that did not come back.

It also has each running replay job take its next step.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from grantwire import reporting, retrying
from grantwire.delivering import DEAD_LETTER_SECONDS, Wakeups, sweep_at, wake
from grantwire.ending import Ender
from grantwire.frozen import frozen
from grantwire.judging import Outcome
from grantwire.models import Delivery, State
from grantwire.replaying import Jobs, Steps
from grantwire.retrying import Next

SHARDS: Final = 8
PAGE: Final = 100
AGAIN_SECONDS: Final = 300.0  # when a delivery that was woken is looked after again
GIVE_UP_SECONDS: Final = 86_400.0  # a delivery that cannot be woken for a day is ended: nothing is woken for ever
AWAY_SECONDS: Final = 3600.0  # who is looked after so late was not woken in vain: the sweep itself did not come
_TOO_LARGE: Final = "its event is too large to be stored, and AWS does not hand it in any more"
_NOT_WOKEN: Final = "it could not be woken for a day: our own tables, queue or key were out of reach"
_INTERRUPTED: Final = Outcome(State.WAITING, "interrupted", "the sender stopped during the attempt")


class Rows(Protocol):
    """Deliveries that someone must look after, see `stores.deliveries`."""

    def overdue(self, shard: int, *, now: float, limit: int) -> Sequence[Delivery]:
        """At most `limit` rows of one shard whose `sweep_at` has come, the oldest first."""
        ...

    def postpone(self, delivery: Delivery, *, sweep_at: float, due_at: float | None = None) -> bool:
        """Look after the row later, due from now on where that is given; False when it has changed meanwhile."""
        ...

    def event(self, event_id: str) -> object | None:
        """The stored event, None when there is none."""
        ...

    def interrupt(self, delivery: Delivery, following: Next, *, sweep_at: float | None) -> bool:
        """End the attempt of a sender that did not come back; False when it did."""
        ...


@frozen(kw_only=False)
class Swept:
    """How many deliveries a run looked after, and for how many seconds the oldest of them had been due."""

    deliveries: int
    oldest_seconds: float


@frozen
class Sweeper:
    """Looks after what is overdue. Raises StoreError for our own faults; the next minute's run goes on."""

    rows: Rows
    wakeups: Wakeups
    ender: Ender
    jobs: Jobs
    steps: Steps
    clock: Callable[[], float]
    random: Callable[[], float]

    def sweep(self, *, has_time: Callable[[], bool]) -> Swept:
        """Look after every overdue row, page by page and shard by shard while there is time.

        What is left over is still overdue in the next run, and comes first there.
        """
        for job in self.jobs.running():
            self.steps.send_step(job.id)
        total, oldest = 0, 0.0
        shards = list(range(SHARDS))
        while shards and has_time():
            for shard in tuple(shards):
                if not has_time():
                    break
                page = self.rows.overdue(shard, now=self.clock(), limit=PAGE)
                for delivery in page:
                    self._look_after(delivery)
                    oldest = max(oldest, self.clock() - (delivery.due_at or delivery.lease_until or self.clock()))
                total += len(page)
                if len(page) < PAGE:
                    shards.remove(shard)
        return Swept(total, oldest)

    def _look_after(self, delivery: Delivery) -> None:
        if delivery.state is State.DELIVERING:
            self._interrupt(delivery)
        elif delivery.state is State.WAITING:
            self._wake(delivery)

    def _wake(self, delivery: Delivery) -> None:
        """The row first: a sweep that dies here leaves a row that is looked after again.

        That also tells whether the row is what the index says, which may be behind.
        """
        now = self.clock()
        late = delivery.due_at is not None and now - (delivery.sweep_at or now) > AWAY_SECONDS
        if not self.rows.postpone(delivery, sweep_at=now + AGAIN_SECONDS, due_at=now if late else None):
            return
        if delivery.due_at is None:
            self.ender.end(delivery, code="event_missing", reason=_TOO_LARGE)
        elif now - delivery.due_at > GIVE_UP_SECONDS and not late:
            self.ender.end(delivery, code="overdue", reason=_NOT_WOKEN)
        else:
            self.wakeups.send(delivery, delay_seconds=0.0)

    def _interrupt(self, delivery: Delivery) -> None:
        """What has no event waits for the one that AWS, or whoever re-drives the dead letters, hands in again."""
        now = self.clock()
        following = retrying.after(
            _INTERRUPTED,
            attempts=delivery.attempts,
            max_attempts=retrying.MAX_ATTEMPTS,
            now=now,
            random=self.random,
        )
        look_at = None if following.due_at is None else sweep_at(following.due_at, now)
        if following.due_at is not None and self.rows.event(delivery.event_id) is None:
            following, look_at = replace(following, due_at=None), now + DEAD_LETTER_SECONDS
        if self.rows.interrupt(delivery, following, sweep_at=look_at):
            reporting.ended(delivery, "interrupted")
            if following.due_at is not None:
                wake(self.wakeups, replace(delivery, state=State.WAITING, due_at=following.due_at), now)
