"""`replaying`: what can be sent again, and what a sender has left behind when it died."""

from dataclasses import replace

import pytest

from grantwire.models import Delivery, State
from grantwire.replaying import Replayer
from tests.fakes import FakeDeliveries, FakeJobs, FakeWakeups

NOW = 1_795_000_000.0
BEGUN = Delivery(
    webhook_id="wh_1",
    sort_key="2026-11-18T11:06:40.000000Z#evt_1",
    trigger="RequestCreated",
    state=State.DELIVERING,
    attempts=1,
    lease_until=NOW + 60,
)


@pytest.mark.parametrize(("seconds", "is_dead"), [(0, False), (100, False), (300, True)])
def test_an_attempt_whose_sender_died_is_given_to_the_sweep(seconds: float, is_dead: bool) -> None:
    """When its event does not come again, nobody else does it; one that is being sent is left alone."""
    rows, wakeups = FakeDeliveries(), FakeWakeups()
    rows.claim_new(BEGUN)
    replayer = Replayer(rows=rows, jobs=FakeJobs(), wakeups=wakeups, steps=wakeups, clock=lambda: NOW + seconds)
    assert replayer.replay(BEGUN) is is_dead
    found = [row for shard in range(8) for row in rows.overdue(shard, now=NOW + seconds, limit=9)]
    assert found == ([replace(BEGUN, sweep_at=NOW + 60)] if is_dead else [])
    assert not replayer.replay(BEGUN)
    assert wakeups.messages == []
