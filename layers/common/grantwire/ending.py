"""Ends deliveries without an attempt, and tells of each in the log and on the bus."""

from typing import Protocol

from grantwire import reporting
from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.health import Bus, tell_failed
from grantwire.identifiers import delivery_id_of
from grantwire.models import Delivery, RequestEvent
from grantwire.observability import logger


class Rows(Protocol):
    """Rows of deliveries, see `stores.deliveries`."""

    def end(self, delivery: Delivery, *, code: str, reason: str) -> bool:
        """End a waiting delivery without another attempt; False when it has changed meanwhile."""
        ...


@frozen
class Ender:
    """Ends deliveries. Raises StoreError for the table's faults; the bus keeps nothing from going on."""

    rows: Rows
    bus: Bus

    def end(self, delivery: Delivery, *, code: str, reason: str, event: RequestEvent | None = None) -> None:
        """End a waiting delivery, unless it has changed meanwhile. `event`: where it is known, for the log."""
        if not self.rows.end(delivery, code=code, reason=reason):
            return
        reporting.ended(delivery, code, event)
        about = (delivery.webhook_id, delivery.event_id, delivery_id_of(delivery.webhook_id, delivery.sort_key))
        try:
            tell_failed(self.bus, *about, code=code, reason=reason)
        except StoreError as exc:
            facts = dict(zip(("webhook_id", "event_id", "delivery_id"), about, strict=True))
            logger().error("bus not told", extra=facts | {"code": code, "reason": str(exc)})
