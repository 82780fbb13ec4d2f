"""What is logged and counted of deliveries: one line per attempt, ids and states only."""

import re
from typing import Final

from grantwire.delivering import Attempted, Parking
from grantwire.identifiers import delivery_id, delivery_id_of
from grantwire.models import Delivery, RequestEvent, State
from grantwire.observability import Metric, count, logger
from grantwire.request_events import request_id_in

_AN_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)  # a producer may write anything there; a log holds ids only
_METRIC_OF: Final = {
    State.SUCCEEDED: Metric.DELIVERY_SUCCEEDED,
    State.WAITING: Metric.DELIVERY_WAITING,
    State.FAILED: Metric.DELIVERY_FAILED,
}


def attempted(webhook_id: str, event: RequestEvent, attempt: Attempted) -> None:
    """One POST, and what follows it."""
    invocation, state = attempt.invocation, attempt.following.state
    count(_METRIC_OF[state])
    facts = {
        "webhook_id": webhook_id,
        "delivery_id": delivery_id(webhook_id, event),
        "state": state,
        "code": invocation.outcome.code,
        "duration_ms": invocation.timings.total,
    }
    logger().info("delivery attempted", extra=ids(event) | facts)


def parked(webhook_id: str, event: RequestEvent, parking: Parking) -> None:
    """A delivery that was not sent yet: it waits for its receiver or its turn."""
    held = parking is Parking.HELD
    count(Metric.DELIVERY_HELD if held else Metric.DELIVERY_PARKED)
    facts = {"webhook_id": webhook_id, "delivery_id": delivery_id(webhook_id, event), "state": parking}
    logger().info("delivery held" if held else "delivery parked", extra=ids(event) | facts)


def ended(delivery: Delivery, code: str, event: RequestEvent | None = None) -> None:
    """A delivery that changed without a POST."""
    count(Metric.DELIVERY_INTERRUPTED if code == "interrupted" else Metric.DELIVERY_FAILED)
    known: dict[str, object] = ids(event) if event else {"event_id": delivery.event_id, "trigger": delivery.trigger}
    facts = {
        "webhook_id": delivery.webhook_id,
        "delivery_id": delivery_id_of(delivery.webhook_id, delivery.sort_key),
        "code": code,
    }
    logger().warning("delivery ended without an attempt", extra=known | facts)


def dropped(webhook_id: str, reason: str) -> None:
    """A wake-up that was not needed."""
    count(Metric.WAKEUP_DROPPED)
    logger().info("wake-up dropped", extra={"webhook_id": webhook_id, "reason": reason})


def ids(event: RequestEvent) -> dict[str, object]:
    """What every line about an event holds. `request_id` is the one that people see, where it looks like an id."""
    known: dict[str, object] = {"event_id": event.id, "trigger": event.trigger}
    request_id = request_id_in(event.payload) or ""
    return known | {"request_id": request_id} if _AN_ID.fullmatch(request_id) else known
