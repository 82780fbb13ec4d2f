"""A host hangs for an hour while 1,300 deliveries to it are parked; `make outage` does the same with 100,000.

`bench/outage.py` says what is claimed; here, each claim that circuits are there for is broken on purpose as well.
"""

from functools import cache

import pytest

from bench.outage import Outage, claims, hanging
from grantwire import circuits
from tests.simulation.edited import edited
from tests.simulation.world import silence

PARKED, HOURS = 1_300, 1.0


@cache
def usual() -> Outage:
    """The same events, and no outage."""
    return hanging(PARKED, HOURS, well=True)


def broken(*edits: tuple[str, str]) -> set[str]:
    """Which claims do not hold, of circuits as they are or with an edit."""
    with silence():
        seen = hanging(PARKED, HOURS, edited(circuits, *edits))
        return {claim for claim, holds in claims(seen, usual(), PARKED).items() if not holds}


def test_an_outage_costs_a_probe_at_a_time() -> None:
    """Nobody else waits, and the backlog drains in order at a bounded rate."""
    assert broken() == set()


def test_a_host_that_hangs_for_long_is_found_as_well() -> None:
    """With a timeout of half a minute a sender sees four failures in two minutes: the window is wide enough for ten."""
    with silence():
        seen = hanging(500, 1.0, timeout_seconds=30)
    assert 0 < seen.opened_at - seen.receiver.dead[0] <= 600


FAULTS = {
    "nothing but probes is sent while it is open": (
        "return circuit is not None and not circuit.draining",
        "return circuit is not None and not circuit.draining and self.clock() % 7 > 1",
    ),
    "probes are few, however many wait": (
        "LONGEST_PROBE_SECONDS: Final = 300.0",
        "LONGEST_PROBE_SECONDS: Final = 30.0",
    ),
    "the sweep's calls do not grow with what waits": (
        "page = self.rows.parked(circuit.receiver, limit=LOOKED_AT_FOR_A_PROBE)",
        "page = [self.rows.get(a.webhook_id, a.sort_key) for a in self.rows.parked(circuit.receiver, limit=9999)]",
    ),
    "600 are released in a minute at most": (
        "RELEASED_PER_SWEEP: Final = 600",
        "RELEASED_PER_SWEEP: Final = 700",
    ),
    "the oldest are released first": (
        "page = self.rows.parked(circuit.receiver, limit=RELEASED_PER_SWEEP)",
        "page = self.rows.parked(circuit.receiver, limit=9999)[-RELEASED_PER_SWEEP:]",
    ),
    "the backlog drains at that rate": (
        "page = self.rows.parked(circuit.receiver, limit=RELEASED_PER_SWEEP)",
        "page = self.rows.parked(circuit.receiver, limit=60)",
    ),
}


@pytest.mark.parametrize("claim", FAULTS)
def test_a_claim_can_fail(claim: str) -> None:
    """With a fault in the code that it is about."""
    assert claim in broken(FAULTS[claim])
