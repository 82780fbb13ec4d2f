"""One delivery: an event to a webhook. Claim it, send it, record what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from grantwire.invoking import Invocation, Invoker
from grantwire.models import RequestEvent, Webhook

LEASE_SECONDS: Final = 60.0  # outlasts the longest exchange, 30 seconds, with room to record it


class Deliveries(Protocol):
    """Rows of deliveries, one per (event, webhook); see `stores.deliveries`."""

    def claim(self, webhook: Webhook, event: RequestEvent, *, now: float, lease_until: float) -> bool:
        """Make the row in state `delivering`; False when there is one already."""
        ...

    def record(self, webhook: Webhook, event: RequestEvent, invocation: Invocation) -> None:
        """Write what the claimed attempt came to."""
        ...


@dataclass(frozen=True, kw_only=True)
class Deliverer:
    """Delivers events to webhooks. Safe to share between threads."""

    invoker: Invoker
    deliveries: Deliveries
    clock: Callable[[], float]

    def deliver(self, webhook: Webhook, event: RequestEvent) -> Invocation | None:
        """Send the event to the webhook once; None when it was claimed before. Raises StoreError for our own faults.

        Secrets are opened before the claim: a key that is out of reach leaves no row behind, and AWS hands the event in
        again.
        """
        secret_values: Mapping[str, str] = self.invoker.open_secrets(webhook)
        now = self.clock()
        if not self.deliveries.claim(webhook, event, now=now, lease_until=now + LEASE_SECONDS):
            return None
        invocation = self.invoker.invoke(webhook, event, secret_values, webhook.timeout_seconds)
        self.deliveries.record(webhook, event, invocation)
        return invocation
