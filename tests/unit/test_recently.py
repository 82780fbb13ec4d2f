"""`recently`: what of a webhook's deliveries is counted, and which is the last."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from grantwire.browsing import StoredDelivery
from grantwire.errors import StoreError
from grantwire.identifiers import moment
from grantwire.models import Delivery, State
from grantwire.recently import COUNTED, DAY_SECONDS, of_webhooks

NOW = 1_795_000_000.0


def stored(webhook_id: str, age: float, state: State) -> StoredDelivery:
    """The delivery that was made so many seconds ago, of an event that happened then."""
    sort_key = f"{moment(NOW - age)}#evt_1"
    delivery = Delivery(webhook_id=webhook_id, sort_key=sort_key, trigger="RequestGranted", state=state, attempts=1)
    return StoredDelivery(
        delivery=delivery, code="http_202", reason="a reason", created_at=NOW - age, updated_at=NOW, last_attempt=None
    )


@dataclass
class Rows:
    """Deliveries by webhook, newest first."""

    of: dict[str, list[StoredDelivery]]

    def newest(self, webhook_id: str, *, limit: int) -> Sequence[StoredDelivery]:
        if webhook_id == "wh_lost":
            raise StoreError("dynamodb Query: ThrottlingException")
        return self.of[webhook_id][:limit]


def asked(rows: Rows, *webhook_ids: str) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(4) as executor:
        return of_webhooks(webhook_ids, pages=rows, executor=executor, now=NOW)


def test_a_day_is_counted_by_what_its_deliveries_came_to() -> None:
    """Both ends of it; what is older counts for nothing, and can be the last all the same."""
    ages = {0: State.WAITING, 5: State.SUCCEEDED, 10: State.FAILED, DAY_SECONDS: State.SUCCEEDED}
    rows = [stored("wh_1", age, state) for age, state in ages.items()]
    rows.append(stored("wh_1", DAY_SECONDS + 1, State.FAILED))
    old = replace(stored("wh_2", 3 * DAY_SECONDS, State.FAILED), code=None, reason=None)
    first, second, third = asked(Rows({"wh_1": rows, "wh_2": [old], "wh_3": []}), "wh_1", "wh_2", "wh_3")
    counts = ("succeeded", "failed", "unfinished", "complete")
    assert [first[name] for name in counts] == [2, 1, 1, True]
    assert (first["since"], first["last_delivery"]["state"]) == (moment(NOW - DAY_SECONDS), "waiting")
    assert [second[name] for name in counts] == [0, 0, 0, True]
    assert second["last_delivery"] == {
        "id": f"dlv_2_{round((NOW - 3 * DAY_SECONDS) * 1e6):x}_1",
        "event_time": moment(NOW - 3 * DAY_SECONDS),
        "trigger": "RequestGranted",
        "state": "failed",
        "code": None,
        "reason": None,
        "updated_at": moment(NOW),
    }
    assert third["last_delivery"] is None


def test_an_event_that_came_late_counts_when_it_came() -> None:
    """One that was put on the bus again, or by a producer who was down for days."""
    late = replace(stored("wh_1", 5 * DAY_SECONDS, State.SUCCEEDED), created_at=NOW - 60)
    [one] = asked(Rows({"wh_1": [late]}), "wh_1")
    assert (one["succeeded"], one["last_delivery"]["event_time"]) == (1, moment(NOW - 5 * DAY_SECONDS))


@pytest.mark.parametrize(("count", "complete"), [(COUNTED - 1, True), (COUNTED + 50, False)])
def test_a_busy_webhook_costs_no_more_than_a_hundred_rows(count: int, complete: bool) -> None:
    """And says that not all were counted."""
    rows = [stored("wh_1", age, State.SUCCEEDED) for age in range(count)]
    [one] = asked(Rows({"wh_1": rows}), "wh_1")
    assert (one["succeeded"], one["complete"]) == (min(count, COUNTED), complete)
    rows[COUNTED - 2 :] = [stored("wh_1", 2 * DAY_SECONDS, State.FAILED)] * 50
    [one] = asked(Rows({"wh_1": rows}), "wh_1")
    assert (one["succeeded"], one["complete"]) == (COUNTED - 2, True)


def test_our_own_fault_is_not_taken_for_no_deliveries() -> None:
    """A bar that is empty because a table was out of reach would be a lie."""
    with pytest.raises(StoreError):
        asked(Rows({"wh_1": []}), "wh_1", "wh_lost")
