"""One delivery: an event to a webhook. Claim it, send it, record what came of it, and have it woken when it must wait.

The row is the truth, a message is only a wake-up: the row is written first, and every write is conditional on the state
and the number of attempts, so that a wake-up that is lost, late or doubled does no harm. Only a first attempt may go
without a row: that it has begun is written in the event, for once and for all, before anything is sent.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, Protocol

from grantwire import retrying
from grantwire.errors import OutOfTimeError, UnstoredEventError
from grantwire.frozen import frozen
from grantwire.identifiers import receiver_id, sort_key
from grantwire.invoking import Invocation, Invoker
from grantwire.judging import Outcome
from grantwire.models import Delivery, RequestEvent, State, Webhook
from grantwire.pacing import Turn
from grantwire.retrying import Next

LEASE_SECONDS: Final = 90.0  # outlasts a slow claim, the longest exchange, 30 seconds, and a slow record
YOUNG_SECONDS: Final = 2.0  # a first attempt that starts later than this after its event was kept claims a row
LONG_AGO: Final = 0.0  # when a first attempt has begun that claims a row in any case
RECORD_SECONDS: Final = 28.0  # the longest that the AWS client tries to write a row, see `stores.clients`
LONGEST_WAKEUP_SECONDS: Final = 900.0  # SQS delays a message by 15 minutes at most
DEAD_LETTER_SECONDS: Final = 14 * 86_400.0  # how long an event that cannot be stored may still come back
SWEEP_MARGIN_SECONDS: Final = 120.0  # how long a wake-up may be late before the sweep takes it for lost


class Deliveries(Protocol):
    """Rows of deliveries, one per (event, webhook); see `stores.deliveries`."""

    def claim_new(self, delivery: Delivery, *, over: Delivery | None = None) -> Delivery | None:
        """Make the row of a first attempt; the row that is there already, None when there was none, or only `over`."""
        ...

    def record_new(self, over: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        """Make the row of a first attempt, or replace `over`, with what it came to; False when there is another row."""
        ...

    def claim(self, delivery: Delivery, *, lease_until: float) -> Delivery | None:
        """A waiting delivery's next attempt; None when the row is not waiting any more or had another attempt since."""
        ...

    def record(self, delivery: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        """Write what the claimed attempt came to; False when the claim was lost meanwhile."""
        ...

    def queue_new(self, delivery: Delivery, *, over: Delivery | None = None) -> bool:
        """Make the row of a delivery that waits for its first attempt, or replace `over`; False when there is a row."""
        ...

    def hold(self, delivery: Delivery, *, number: float, due_at: float, sweep_at: float) -> bool:
        """Have a waiting delivery wait for its turn; False when the row has changed meanwhile."""
        ...

    def park(self, delivery: Delivery, *, receiver: str, now: float) -> bool:
        """Have a waiting delivery wait for its receiver, not its time; False when the row has changed meanwhile."""
        ...


class Wakeups(Protocol):
    """Messages that say: this delivery is due; see `stores.wakeups`."""

    def send(self, delivery: Delivery, *, delay_seconds: float) -> None:
        """Wake the delivery in at most 15 minutes."""
        ...

    def send_now(self, deliveries: Sequence[Delivery]) -> None:
        """Wake all of these at once."""
        ...


class Ender(Protocol):
    """Ends deliveries without an attempt, see `ending`."""

    def end(self, delivery: Delivery, *, code: str, reason: str, event: RequestEvent | None = None) -> None:
        """End a waiting delivery, unless it has changed meanwhile."""
        ...


class Health(Protocol):
    """Draws conclusions about the webhook, see `health`."""

    def attempted(
        self, webhook: Webhook, event: RequestEvent, outcome: Outcome, following: Next, attempts: int
    ) -> None:
        """Called after each attempt has been recorded."""
        ...


class Circuits(Protocol):
    """Which receivers are down, see `circuits`."""

    def refresh(self) -> None:
        """Read them, where what is known is too old."""
        ...

    def is_open(self, receiver: str) -> bool:
        """Whether its deliveries are to be parked, see `identifiers.receiver_id`."""
        ...

    def attempted(self, receiver: str, outcome: Outcome) -> None:
        """Called after each attempt."""
        ...


class Pacer(Protocol):
    """How fast a webhook may be sent to, see `pacing`."""

    def refresh(self) -> None:
        """Read the paces that were found, where what is known is too old."""
        ...

    def turn(self, webhook: Webhook, number: float | None) -> Turn | None:
        """None when a delivery may be sent, else its turn; `number` is what it has drawn before."""
        ...

    def attempted(self, webhook: Webhook, outcome: Outcome, started_at: float) -> None:
        """Called after each attempt."""
        ...


SecondsLeft = Callable[[], float]  # until the function is stopped, whatever it is doing


class Record(Protocol):
    """`Deliveries.record` or `Deliveries.record_new`."""

    def __call__(
        self, delivery: Delivery, /, invocation: Invocation, following: Next, *, sweep_at: float | None
    ) -> bool: ...


def unhurried() -> float:
    """Nobody stops this process."""
    return math.inf


class Parking(StrEnum):
    """What became of a delivery that was not sent: it waits for its receiver, which is down, or for its turn."""

    PARKED = "parked"
    HELD = "held"


@frozen(kw_only=False)
class Attempted:
    """One attempt and what follows it."""

    invocation: Invocation
    following: Next


@frozen
class Deliverer:
    """Delivers events to webhooks. Safe to share between threads. Raises StoreError for our own faults."""

    invoker: Invoker
    deliveries: Deliveries
    wakeups: Wakeups
    ender: Ender
    health: Health
    circuits: Circuits
    pacer: Pacer
    clock: Callable[[], float]
    random: Callable[[], float]

    def refresh(self) -> None:
        """Read what all of an event's deliveries ask for, once, before they begin."""
        self.circuits.refresh()
        self.pacer.refresh()

    def deliver_first(
        self, webhook: Webhook, event: RequestEvent, *, begun_at: float | None, seconds_left: SecondsLeft = unhurried
    ) -> Attempted | Parking | None:
        """The first attempt; None when the delivery was claimed before.

        begun_at  when the event was stored, with the word that this attempt has begun; None: it could not be stored

        What keeps it from being sent is raised once the delivery waits, with a row, for another function to send it.
        """
        begun = first_delivery(webhook.id, event, begun_at)
        try:
            waiting = None if begun_at is None else self._waiting_first(webhook, begun)
            secret_values = {} if waiting else self._prepare(webhook, seconds_left)
        except Exception:  # also one that nobody foresaw: nothing was sent, and no attempt is to be counted
            if begun_at is not None:
                now = self.clock()
                self.deliveries.queue_new(_waiting(begun, due_at=now, sweep_at=now), over=begun)
            raise
        if waiting is None:
            return self._first_attempt(webhook, event, begun, secret_values, begun_at)
        if self.deliveries.claim_new(waiting, over=begun) is not None:
            return None
        return Parking.PARKED if waiting.parked_for else self._woken_for(waiting, waiting.due_at or 0.0)

    def _waiting_first(self, webhook: Webhook, begun: Delivery) -> Delivery | None:
        """The delivery that waits, where the receiver is down or it is not the webhook's turn; None when it may go."""
        receiver = receiver_id(webhook)
        if self.circuits.is_open(receiver):
            return _waiting(begun, parked_for=receiver, parked_at=self.clock())
        if (turn := self.pacer.turn(webhook, None)) is None:
            return None
        return _waiting(begun, number=turn.number, due_at=turn.at, sweep_at=sweep_at(turn.at, self.clock()))

    def _first_attempt(
        self,
        webhook: Webhook,
        event: RequestEvent,
        begun: Delivery,
        secret_values: dict[str, str],
        begun_at: float | None,
    ) -> Attempted | None:
        """Others take the event's sender for dead once its lease is over: a late one claims a row, with a new lease."""
        now = self.clock()
        if begun_at is not None and now - begun_at <= YOUNG_SECONDS:
            return self._attempt(webhook, event, begun, secret_values, record=self.deliveries.record_new)
        claimed = replace(begun, lease_until=now + LEASE_SECONDS, sweep_at=now + LEASE_SECONDS)
        found = self.deliveries.claim_new(claimed, over=begun)
        if found is None:
            return self._attempt(webhook, event, claimed, secret_values, stored=begun_at is not None)
        # What was left to AWS, which hands it in again.
        again = found.state is State.WAITING and found.due_at is None and found.parked_for is None
        if again and found.attempts >= webhook.max_attempts:
            self.ender.end(found, code=retrying.NO_ATTEMPTS_LEFT, reason="all attempts were made", event=event)
        elif again and (attempted := self._claim_again(found, webhook, event, secret_values, stored=False)):
            return attempted
        elif begun_at is None and (again or found.state is State.DELIVERING):  # a sender that may die: AWS must keep it
            raise UnstoredEventError(event.id)
        return None

    def look_after(self, begun: Mapping[str, float], event: RequestEvent) -> None:
        """First attempts of an event that AWS hands in again, and when they began: their sender may have died.

        Those without a row get one, which the sweep finds when the lease is over; a sender that lives may replace it.
        """
        for webhook_id, begun_at in begun.items():
            self.deliveries.claim_new(first_delivery(webhook_id, event, begun_at))

    def deliver_again(
        self,
        delivery: Delivery,
        webhook: Webhook,
        event: RequestEvent,
        *,
        probe: bool = False,
        seconds_left: SecondsLeft = unhurried,
    ) -> Attempted | Parking | None:
        """The next attempt of a waiting delivery; None when someone else was faster. A probe passes an open circuit."""
        receiver = receiver_id(webhook)
        if not probe and self.circuits.is_open(receiver):
            return Parking.PARKED if self.deliveries.park(delivery, receiver=receiver, now=self.clock()) else None
        if not probe and (turn := self.pacer.turn(webhook, delivery.number)):
            look_at = sweep_at(turn.at, self.clock())
            is_held = self.deliveries.hold(delivery, number=turn.number, due_at=turn.at, sweep_at=look_at)
            return self._woken_for(delivery, turn.at) if is_held else None
        return self._claim_again(delivery, webhook, event, self._prepare(webhook, seconds_left), stored=True)

    def _woken_for(self, delivery: Delivery, turn_at: float) -> Parking:
        """A second before its turn, which is waited for in the process: SQS knows whole seconds only."""
        wait = turn_at - self.clock()
        self.wakeups.send(delivery, delay_seconds=max(1.0, math.floor(wait - 0.5)))  # at once, it would be held again
        return Parking.HELD

    def _prepare(self, webhook: Webhook, seconds_left: SecondsLeft) -> dict[str, str]:
        """The secrets of an exchange that has the time to end; the exchange is never cut short, only left for later."""
        secret_values = self.invoker.open_secrets(webhook)
        if seconds_left() < webhook.timeout_seconds + RECORD_SECONDS:
            raise OutOfTimeError
        return secret_values

    def _claim_again(
        self,
        delivery: Delivery,
        webhook: Webhook,
        event: RequestEvent,
        secret_values: dict[str, str],
        *,
        stored: bool,
    ) -> Attempted | None:
        if (claimed := self.deliveries.claim(delivery, lease_until=self.clock() + LEASE_SECONDS)) is None:
            return None
        return self._attempt(webhook, event, claimed, secret_values, stored=stored)

    def _attempt(
        self,
        webhook: Webhook,
        event: RequestEvent,
        delivery: Delivery,
        secret_values: dict[str, str],
        *,
        stored: bool = True,
        record: Record | None = None,
    ) -> Attempted:
        invocation = self.invoker.invoke(webhook, event, secret_values, webhook.timeout_seconds)
        now = self.clock()
        following = retrying.after(
            invocation.outcome,
            attempts=delivery.attempts,
            max_attempts=webhook.max_attempts,
            now=now,
            random=self.random,
            at_least_seconds=retrying.retry_after_seconds(invocation.response, now),
        )
        if following.state is State.WAITING and not stored:
            fault = UnstoredEventError(event.id)
            outcome = replace(invocation.outcome, sentence=f"{invocation.outcome.sentence}; {fault}")
            told, unwoken = replace(invocation, outcome=outcome), replace(following, due_at=None)
            self.deliveries.record(delivery, told, unwoken, sweep_at=now + DEAD_LETTER_SECONDS)
            raise fault
        recorded = self._record(delivery, invocation, following, now, record or self.deliveries.record)
        if recorded:  # otherwise the lease was over, and what follows is another sender's to say
            self.health.attempted(webhook, event, invocation.outcome, following, delivery.attempts)
        self.circuits.attempted(receiver_id(webhook), invocation.outcome)
        self.pacer.attempted(webhook, invocation.outcome, invocation.started_at)
        return Attempted(invocation, following)

    def queue(
        self, webhooks: Sequence[Webhook], event: RequestEvent, *, seconds_left: SecondsLeft = unhurried
    ) -> Collection[str]:
        """Make deliveries that are due now, for a function with time to spare to send.

        The ids of the webhooks for which there was none yet. The event must be stored.
        """
        if seconds_left() < RECORD_SECONDS:
            raise OutOfTimeError
        now = self.clock()
        begun = [first_delivery(webhook.id, event) for webhook in webhooks]
        waiting = [_waiting(delivery, due_at=now, sweep_at=sweep_at(now, now)) for delivery in begun]
        made = [delivery for delivery in waiting if self.deliveries.queue_new(delivery)]
        self.wakeups.send_now(made)
        return {delivery.webhook_id for delivery in made}

    def _record(self, delivery: Delivery, invocation: Invocation, following: Next, now: float, record: Record) -> bool:
        look_at = None if following.due_at is None else sweep_at(following.due_at, now)
        recorded = record(delivery, invocation, following, sweep_at=look_at)
        if recorded and following.due_at is not None:
            wake(self.wakeups, replace(delivery, state=State.WAITING, due_at=following.due_at), now)
        return recorded


def first_delivery(webhook_id: str, event: RequestEvent, begun_at: float | None = None) -> Delivery:
    """A delivery whose first attempt is under way; by its event's word, and so with a lease, since `begun_at`."""
    lease_until = None if begun_at is None else begun_at + YOUNG_SECONDS + LEASE_SECONDS
    return Delivery(
        webhook_id=webhook_id,
        sort_key=sort_key(event),
        trigger=event.trigger,
        state=State.DELIVERING,
        attempts=1,
        lease_until=lease_until,
        sweep_at=lease_until,
    )


def _waiting(delivery: Delivery, **facts: Any) -> Delivery:
    """The delivery, which waits for its first attempt."""
    begins: dict[str, Any] = {"state": State.WAITING, "attempts": 0, "lease_until": None, "sweep_at": None}
    return replace(delivery, **(begins | facts))


def wake(wakeups: Wakeups, delivery: Delivery, now: float) -> None:
    """Have a waiting delivery woken by a message, if it is due soon; the sweep wakes what is due later."""
    wait = (delivery.due_at or now) - now
    if wait <= LONGEST_WAKEUP_SECONDS:
        wakeups.send(delivery, delay_seconds=max(wait, 0.0))


def sweep_at(due_at: float, now: float) -> float:
    """When the sweep must look after a waiting delivery: at once when it is due, or some time after its wake-up."""
    return due_at + (SWEEP_MARGIN_SECONDS if due_at - now <= LONGEST_WAKEUP_SECONDS else 0.0)
