"""The health of a webhook: what its deliveries came to, in a row, and when that is enough to switch it off.

A receiver that is gone for days costs every delivery its whole schedule and tells nobody. So: after several deliveries
in a row have failed every attempt, and nothing has succeeded for some days, the webhook is made inactive with a reason,
and whoever listens to the bus is told. A receiver that answers 410 asked for it: it is made inactive at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final, Protocol

from grantwire.frozen import frozen
from grantwire.identifiers import delivery_id
from grantwire.judging import Outcome
from grantwire.models import RequestEvent, State, Webhook
from grantwire.observability import Metric, count, logger
from grantwire.retrying import Next

FAILURES_IN_A_ROW: Final = 5
GONE: Final = "http_410"
NOTED_FOR_SECONDS: Final = 3600.0  # a process notes at most one success of a webhook in that time: a note costs a write
MOST_NOTED: Final = 10_000
_DAY: Final = 86_400.0


@frozen
class Health:
    """How a webhook does. Times in epoch seconds, None when there was none.

    failures         deliveries that failed every attempt, one after the other
    failing_since    when the first of them did
    last_success_at  when a delivery last succeeded, up to an hour old
    """

    failures: int = 0
    failing_since: float | None = None
    last_success_at: float | None = None


class Records(Protocol):
    """What is kept about a webhook's health, see `stores.webhooks`."""

    def add_failure(self, webhook_id: str, *, now: float) -> Health:
        """One delivery more has failed every attempt; the health with it."""
        ...

    def note_success(self, webhook_id: str, *, now: float) -> Health:
        """A delivery has succeeded, which ends a row of failures; the health before it."""
        ...

    def deactivate(self, webhook: Webhook, *, reason: str, now: float) -> bool:
        """Make the webhook inactive; False when it was changed meanwhile or is inactive already."""
        ...


class Bus(Protocol):
    """Tells others, see `stores.bus`."""

    def tell(self, what: str, facts: Mapping[str, object]) -> None:
        """Put an event of ours on the bus."""
        ...


def tell_failed(bus: Bus, webhook_id: str, event_id: str, delivery_id: str, *, code: str, reason: str) -> None:
    """Say that a delivery has ended as failed, whoever ended it. Raises StoreError."""
    facts = {"webhook_id": webhook_id, "event_id": event_id, "delivery_id": delivery_id}
    bus.tell("DeliveryFailed", facts | {"code": code, "reason": reason})


@frozen
class HealthKeeper:
    """Draws the conclusions from what attempts came to. Raises StoreError for our own faults."""

    records: Records
    bus: Bus
    clock: Callable[[], float]
    disable_after_days: int
    _noted: dict[str, float] = field(default_factory=dict)

    def attempted(
        self, webhook: Webhook, event: RequestEvent, outcome: Outcome, following: Next, attempts: int
    ) -> None:
        """Called after each attempt has been recorded."""
        if following.state is State.FAILED:
            self._failed(webhook, event, outcome)
        elif following.state is State.SUCCEEDED:
            self._succeeded(webhook, again=attempts > 1)

    def _failed(self, webhook: Webhook, event: RequestEvent, outcome: Outcome) -> None:
        about = (webhook.id, event.id, delivery_id(webhook.id, event))
        tell_failed(self.bus, *about, code=outcome.code, reason=outcome.sentence)
        if outcome.code == GONE:
            self._disable(webhook, "the receiver answered 410: it is gone and wants no more events")
        elif outcome.state is State.WAITING:  # a failure that might have passed, and did not in all its attempts
            self._count(webhook)

    def _count(self, webhook: Webhook) -> None:
        now = self.clock()
        health = self.records.add_failure(webhook.id, now=now)
        failing_for = (
            now - (health.failing_since or now) - NOTED_FOR_SECONDS
        )  # a success that was not noted is no older
        if health.failures >= FAILURES_IN_A_ROW and failing_for >= self.disable_after_days * _DAY:
            days = f"none succeeded for {failing_for / _DAY:.0f} days"
            self._disable(webhook, f"{health.failures} deliveries in a row failed every attempt, and {days}")

    def _disable(self, webhook: Webhook, reason: str) -> None:
        if self.records.deactivate(webhook, reason=reason, now=self.clock()):
            count(Metric.WEBHOOK_DISABLED)
            logger().warning("webhook disabled", extra={"webhook_id": webhook.id, "reason": reason})
            self.bus.tell("WebhookDisabled", {"webhook_id": webhook.id, "reason": reason})

    def _succeeded(self, webhook: Webhook, *, again: bool) -> None:
        now = self.clock()
        if not again and now - self._noted.get(webhook.id, 0.0) < NOTED_FOR_SECONDS:
            return
        before = self.records.note_success(webhook.id, now=now)
        if len(self._noted) > MOST_NOTED:
            self._noted.clear()
        self._noted[webhook.id] = now
        if before.failures:
            facts = {"webhook_id": webhook.id, "failures": before.failures, "failing_since": before.failing_since}
            self.bus.tell("WebhookRecovered", {**facts, "last_success_at": before.last_success_at})
