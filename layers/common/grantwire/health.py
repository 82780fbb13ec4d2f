"""The health of a webhook: what its deliveries came to, in a row, and when that is enough to switch it off.

A receiver that is gone for days costs every delivery its whole schedule and tells nobody. So: after several deliveries
in a row have failed every attempt, and nothing has succeeded for some days, the webhook is made inactive with a reason,
and whoever listens to the bus is told. A receiver that answers 410 asked for it: it is made inactive at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from grantwire.identifiers import delivery_id
from grantwire.judging import Outcome
from grantwire.models import RequestEvent, State, Webhook
from grantwire.observability import Metric, count, logger
from grantwire.retrying import Next

FAILURES_IN_A_ROW: Final = 5
GONE: Final = "http_410"
_DAY: Final = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Failures:
    """Deliveries of one webhook that failed every attempt, one after the other, and since when."""

    count: int
    since: float


class Records(Protocol):
    """What is kept about a webhook's health, see `stores.webhooks`."""

    def add_failure(self, webhook_id: str, *, now: float) -> Failures:
        """One delivery more has failed every attempt; all of them in a row."""
        ...

    def forget_failures(self, webhook_id: str) -> Failures | None:
        """A delivery has succeeded; the failures before it, None when there were none."""
        ...

    def deactivate(self, webhook: Webhook, *, reason: str, now: float) -> bool:
        """Make the webhook inactive; False when it was changed meanwhile or is inactive already."""
        ...


class Successes(Protocol):
    """What deliveries came to, see `stores.deliveries`."""

    def has_succeeded(self, webhook_id: str, *, since: float) -> bool:
        """Whether any delivery of an event from then on has succeeded."""
        ...


class Bus(Protocol):
    """Tells others, see `stores.bus`."""

    def tell(self, what: str, facts: Mapping[str, object]) -> None:
        """Put an event of ours on the bus."""
        ...


@dataclass(frozen=True, kw_only=True)
class HealthKeeper:
    """Draws the conclusions from what attempts came to. Raises StoreError for our own faults."""

    records: Records
    successes: Successes
    bus: Bus
    clock: Callable[[], float]
    disable_after_days: int

    def attempted(
        self, webhook: Webhook, event: RequestEvent, outcome: Outcome, following: Next, attempts: int
    ) -> None:
        """Called after each attempt has been recorded; does nothing after one that succeeded at first."""
        if following.state is State.FAILED:
            self._failed(webhook, event, outcome)
        elif following.state is State.SUCCEEDED and attempts > 1:
            self._succeeded(webhook)

    def _failed(self, webhook: Webhook, event: RequestEvent, outcome: Outcome) -> None:
        facts = {"webhook_id": webhook.id, "event_id": event.id, "delivery_id": delivery_id(webhook.id, event)}
        self.bus.tell("DeliveryFailed", {**facts, "code": outcome.code, "reason": outcome.sentence})
        if outcome.code == GONE:
            self._disable(webhook, "the receiver answered 410: it is gone and wants no more events")
        elif outcome.state is State.WAITING:  # a failure that might have passed, and did not in all its attempts
            self._count(webhook)

    def _count(self, webhook: Webhook) -> None:
        now = self.clock()
        failures = self.records.add_failure(webhook.id, now=now)
        days = (now - failures.since) / _DAY
        if failures.count < FAILURES_IN_A_ROW or days < self.disable_after_days:
            return
        if self.successes.has_succeeded(webhook.id, since=failures.since):
            self.records.forget_failures(webhook.id)
        else:
            self._disable(
                webhook,
                f"{failures.count} deliveries in a row failed every attempt, and none succeeded for {days:.0f} days",
            )

    def _disable(self, webhook: Webhook, reason: str) -> None:
        if self.records.deactivate(webhook, reason=reason, now=self.clock()):
            count(Metric.WEBHOOK_DISABLED)
            logger().warning("webhook disabled", extra={"webhook_id": webhook.id, "reason": reason})
            self.bus.tell("WebhookDisabled", {"webhook_id": webhook.id, "reason": reason})

    def _succeeded(self, webhook: Webhook) -> None:
        failures = self.records.forget_failures(webhook.id)
        if failures:
            facts = {"webhook_id": webhook.id, "failures": failures.count, "failing_since": failures.since}
            self.bus.tell("WebhookRecovered", facts)
