"""`ending`: what ends without an attempt, and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from grantwire.ending import Ender
from grantwire.errors import StoreError
from grantwire.models import State
from tests.fakes import FakeBus, FakeDeliveries
from tests.unit.conftest import waiting_of

WAITING = waiting_of()


@dataclass
class Silent(FakeBus):
    """A bus that is out of reach."""

    def tell(self, what: str, facts: Mapping[str, object]) -> None:
        raise StoreError("events PutEvents: ThrottlingException")


def test_a_bus_out_of_reach_keeps_nothing_from_ending() -> None:
    """Whoever ends deliveries, page after page, goes on."""
    rows = FakeDeliveries()
    rows.queue_new(WAITING)
    Ender(rows=rows, bus=Silent()).end(WAITING, code="overdue", reason="late")
    [row] = rows.rows.values()
    assert (row.delivery.state, row.code) == (State.FAILED, "overdue")


def test_what_has_changed_meanwhile_is_neither_ended_nor_told() -> None:
    """Somebody claims it first."""
    rows, bus = FakeDeliveries(), FakeBus()
    rows.queue_new(WAITING)
    rows.claim(WAITING, lease_until=5.0)
    Ender(rows=rows, bus=bus).end(WAITING, code="overdue", reason="late")
    assert (bus.told, rows.rows[WAITING.webhook_id, WAITING.sort_key].delivery.state) == ([], State.DELIVERING)
