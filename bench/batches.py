"""How full batches are and how long an event waits for its own, by the rate of events: a model of Lambda's pollers.

Events come by chance and go to one of the five pollers that an event source mapping begins with. Each gathers from its
first event on, for `MaximumBatchingWindowInSeconds` or until it has `BatchSize` of them, as template.yaml says.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

from local.template import Template

POLLERS: Final = 5
RATES: Final = (1, 10, 100, 1000)


@dataclass(frozen=True)
class Gathered:
    """Of events at a rate: how many come in one batch on average, and the seconds that they wait for it."""

    size: float
    mean_seconds: float
    p99_seconds: float


def gathered(per_second: float, events: int = 20_000) -> Gathered:
    """Simulated, by the same chance each time."""
    properties: Any = Template.read().content["Resources"]
    mapping = properties["DispatchBatches"]["Properties"]
    most, window = mapping["BatchSize"], float(mapping["MaximumBatchingWindowInSeconds"])
    chance, now, batches = random.Random(1), 0.0, 0
    open_at: list[list[float]] = [[] for _ in range(POLLERS)]
    waits: list[float] = []

    def close(batch: list[float], at: float) -> None:
        nonlocal batches
        batches += 1
        waits.extend(at - came for came in batch)
        batch.clear()

    for _ in range(events):
        now += chance.expovariate(per_second)
        for batch in open_at:
            if batch and batch[0] + window <= now:
                close(batch, batch[0] + window)
        mine = chance.choice(open_at)
        mine.append(now)
        if len(mine) == most:
            close(mine, now)
    waits.sort()
    return Gathered(len(waits) / batches, sum(waits) / len(waits), waits[int(len(waits) * 0.99)])
