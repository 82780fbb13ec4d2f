"""Thousands of simulated weeks in which everything goes wrong that can; afterwards every promise holds.

`make simulate SEEDS=100000` runs more of them, `make simulate SEED=123` shows one step by step.
"""

from collections import Counter
from functools import cache

import pytest

from tests.simulation.run import simulate, story, told

CHUNKS, SEEDS_IN_A_CHUNK = 10, 200


@cache
def outcome(chunk: int) -> tuple[list[str], Counter[str]]:
    """What was broken in a chunk of seeds, and how often what happened."""
    counts: Counter[str] = Counter()
    failures = []
    for seen in simulate(range(chunk * SEEDS_IN_A_CHUNK, (chunk + 1) * SEEDS_IN_A_CHUNK)):
        counts.update(seen.counts)
        failures += [told(seen)] if seen.violation else []
    return failures, counts


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_promise_holds(chunk: int) -> None:
    """See `promises.py` for what is promised; each line ends with the command that shows how it was broken."""
    failures, _ = outcome(chunk)
    assert failures == [], "\n" + "\n".join(failures)


def test_everything_happens() -> None:
    """Every kind of write and every function takes part: where nothing happens, nothing is proved."""
    _, counts = outcome(0)
    writes = {"claim_new", "queue_new", "claim", "record", "postpone", "interrupt", "end", "restart"}
    writes |= {"park", "release", "hold", "record_new"}
    functions = {"dispatch", "redeliver", "sweep", "operate"}
    assert {what for what, number in counts.items() if number >= 20} == writes | functions


def test_a_seed_tells_the_same_story_each_time() -> None:
    """Step by step, so that what was found can be looked at."""
    for seed in range(3, 9):
        assert story(seed) == story(seed)
