"""How webhooks did of late, for a list of them: the last delivery of each, and what those of a day came to.

Nothing is counted while deliveries are made, which would cost each of them a write: the newest rows are looked at when
somebody looks. COUNTED bounds that for each webhook, however many deliveries it has.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final, Protocol

from grantwire.browsing import Answer, StoredDelivery
from grantwire.identifiers import delivery_id_of, moment
from grantwire.models import State

COUNTED: Final = 100
DAY_SECONDS: Final = 86_400.0


class Newest(Protocol):
    """Deliveries as people read them, see `stores.delivery_pages`."""

    def newest(self, webhook_id: str, *, limit: int) -> Sequence[StoredDelivery]:
        """At most `limit` deliveries, the newest event first, without their attempts."""
        ...


def of_webhooks(webhook_ids: Sequence[str], *, pages: Newest, executor: Executor, now: float) -> list[Answer]:
    """How each webhook did up to `now`, in their order; one read each, side by side. Raises StoreError."""
    found = executor.map(lambda one: pages.newest(one, limit=COUNTED), webhook_ids)
    return [_answer(newest, now - DAY_SECONDS) for newest in found]


def _answer(newest: Sequence[StoredDelivery], since: float) -> Answer:
    """Those that were made since then. `complete`: whether all of them can be among those that were looked at."""
    times = Counter(one.delivery.state for one in newest if one.created_at >= since)
    return {
        "since": moment(since),
        "succeeded": times[State.SUCCEEDED],
        "failed": times[State.FAILED],
        "unfinished": times[State.WAITING] + times[State.DELIVERING],
        "complete": len(newest) < COUNTED or newest[-1].created_at < since,
        "last_delivery": _last(newest[0]) if newest else None,
    }


def _last(stored: StoredDelivery) -> Answer:
    delivery = stored.delivery
    return {
        "id": delivery_id_of(delivery.webhook_id, delivery.sort_key),
        "event_time": delivery.sort_key.partition("#")[0],
        "trigger": delivery.trigger,
        "state": delivery.state.value,
        "code": stored.code,
        "reason": stored.reason,
        "updated_at": moment(stored.updated_at),
    }
