"""One wake-up: a waiting delivery's next attempt, by the webhook as it is now."""

from collections.abc import Callable
from typing import Final, Protocol

from grantwire import reporting
from grantwire.delivering import Deliverer, Parking, SecondsLeft, unhurried
from grantwire.errors import InvalidWebhookError
from grantwire.frozen import frozen
from grantwire.models import Delivery, RequestEvent, State, Webhook
from grantwire.retrying import NO_ATTEMPTS_LEFT

EARLY_SECONDS: Final = 5.0  # SQS's clock may run ahead of ours; earlier than that, the wake-up is an old one


@frozen
class Wakeup:
    """The row of a delivery, and how many attempts it had when the wake-up was sent; a probe passes open circuits."""

    webhook_id: str
    sort_key: str
    attempts: int
    probe: bool = False


class Rows(Protocol):
    """Deliveries and their events, see `stores.deliveries`."""

    def get(self, webhook_id: str, sort_key: str) -> Delivery | None:
        """The delivery, None when there is none."""
        ...

    def event(self, event_id: str) -> RequestEvent | None:
        """The stored event, None when there is none."""
        ...


class Webhooks(Protocol):
    """Webhooks as they are now, see `stores.webhooks`."""

    def get(self, webhook_id: str) -> Webhook | None:
        """The webhook, None when there is none. Raises InvalidWebhookError."""
        ...


@frozen
class Redeliverer:
    """Handles wake-ups; threads may share it. Raises StoreError for our own faults: the wake-up comes again."""

    rows: Rows
    webhooks: Webhooks
    deliverer: Deliverer
    clock: Callable[[], float]

    def redeliver(self, wakeup: Wakeup, *, seconds_left: SecondsLeft = unhurried) -> None:
        """The next attempt, unless the row says that this wake-up is an old one."""
        delivery = self.rows.get(wakeup.webhook_id, wakeup.sort_key)
        if delivery is None or not self._is_due(delivery, wakeup):
            reporting.dropped(wakeup.webhook_id, "the delivery is not due: the wake-up came twice, late or early")
            return
        webhook, problem = self._webhook(delivery)
        event = self.rows.event(delivery.event_id)
        if webhook is None or event is None:
            code, reason = problem or ("event_missing", "the event is not stored any more")
            self.deliverer.ender.end(delivery, code=code, reason=reason, event=event)
            return
        attempted = self.deliverer.deliver_again(
            delivery, webhook, event, probe=wakeup.probe, seconds_left=seconds_left
        )
        if attempted is None:
            reporting.dropped(webhook.id, "another sender was faster")
        elif isinstance(attempted, Parking):
            reporting.parked(webhook.id, event, attempted)
        else:
            reporting.attempted(webhook.id, event, attempted)

    def _is_due(self, delivery: Delivery, wakeup: Wakeup) -> bool:
        early = delivery.due_at is None or delivery.due_at - self.clock() > EARLY_SECONDS
        return delivery.state is State.WAITING and delivery.attempts == wakeup.attempts and not early

    def _webhook(self, delivery: Delivery) -> tuple[Webhook | None, tuple[str, str] | None]:
        """The webhook if it can be sent to, else the code and the reason why not: a replay can take the delivery up."""
        try:
            webhook = self.webhooks.get(delivery.webhook_id)
        except InvalidWebhookError as exc:
            return None, ("webhook_unreadable", f"the webhook cannot be read: {exc}")
        if webhook is None:
            return None, ("webhook_deleted", "the webhook was deleted")
        if not webhook.active:
            return None, ("webhook_inactive", "the webhook was made inactive")
        if delivery.attempts >= webhook.max_attempts:
            return None, (NO_ATTEMPTS_LEFT, f"all {webhook.max_attempts} attempts were made")
        return webhook, None
