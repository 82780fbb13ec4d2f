"""`sweeping`: what a run does with its time."""

from grantwire.ending import Ender
from grantwire.sweeping import PAGE, Sweeper
from tests.fakes import FakeBus, FakeDeliveries, FakeJobs, FakeWakeups
from tests.unit.conftest import waiting_of

NOW = 1_795_000_000.0


def test_a_run_looks_at_the_time_before_each_page() -> None:
    """Eight pages take longer than what is kept back for one: what is left is overdue in the next run."""
    rows, queue, asked = FakeDeliveries(), FakeWakeups(), iter([True] * 4 + [False] * 100)
    for number in range(3000):
        delivery = waiting_of(number)
        rows.queue_new(delivery)
        rows.claim(delivery, lease_until=NOW - 60)
    sweeper = Sweeper(
        rows=rows,
        wakeups=queue,
        ender=Ender(rows=rows, bus=FakeBus()),
        jobs=FakeJobs(),
        steps=queue,
        clock=lambda: NOW,
        random=lambda: 1.0,
    )
    assert sweeper.sweep(has_time=lambda: next(asked)).deliveries == 3 * PAGE
