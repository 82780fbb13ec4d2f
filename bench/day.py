"""A day at 1, 100 and 10,000 events a second with an hour's outage in it, second by second, against AWS's quotas.

A model of what is counted elsewhere: how long an event keeps a function busy and what it writes (`bench/bill.py`,
`make outage`), when it is tried again (`retrying`), how deliveries are parked and drained (`circuits`). Each
event goes to one webhook, of three hosts; one of them hangs from noon to one. What is told is what would be needed:
where that is more than there is, it waits. Nothing of AWS runs here: the quotas are the defaults in us-east-1, but for
redeliver's `MaximumConcurrency`, which template.yaml sets.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench import bill
from grantwire.circuits import GIVE_UP_SECONDS, RELEASED_PER_SWEEP
from grantwire.retrying import SCHEDULE_SECONDS

RATES: Final = (1, 100, 10_000)
HOSTS: Final = 3
DOWN: Final = range(12 * 3600, 13 * 3600)
OPENS_AFTER_SECONDS: Final = 115  # as `make outage` finds
TIMEOUT_SECONDS: Final = 10
DAY: Final = 86_400
LONGEST: Final = 8 * DAY
REDELIVERS: Final = 100  # functions side by side: MaximumConcurrency
SIDE_BY_SIDE: Final = 10  # deliveries in each
QUOTAS: Final = {
    "Lambda: functions at once": 1_000,
    "redeliver's MaximumConcurrency, ten deliveries each": REDELIVERS * SIDE_BY_SIDE,
    "DynamoDB: writes a second to one webhook's rows": 1_000,
    "DynamoDB: writes a second to one receiver of the index `parked`": 1_000,
    "DynamoDB: writes a second to the index `due`": 8 * 1_000,
    "DynamoDB: writes a second to the table of deliveries": 40_000,
    "DynamoDB: reads a second of one trigger's webhooks": 3_000,
    "EventBridge: events a second put on the bus": 10_000,
    "EventBridge: invocations a second": 18_750,
}


@dataclass(frozen=True)
class Busy:
    """Seconds that a delivery keeps a function busy while its receiver is well: a first attempt, and another one."""

    first: float
    again: float


@dataclass(frozen=True, kw_only=True)
class Day:
    """What became of a day.

    used         the highest use of each quota, as a share of it
    parked       the longest backlog of the host that was down
    drained_h    hours from its return until the backlog was gone; None when some was given up
    given_up     deliveries that waited for more than four days
    """

    used: Mapping[str, float]
    parked: int
    drained_h: float | None
    given_up: int


@dataclass(frozen=True, kw_only=True)
class Second:
    """What happens in a second.

    arriving  events
    failing   first attempts among them at the host that hangs
    hanging   later attempts that begin there
    at_once   later attempts that are under way there
    parked    deliveries that are parked at their first attempt
    later     those that are parked at a later one
    released  deliveries that are released and sent
    """

    arriving: float
    failing: float
    hanging: float
    at_once: float
    parked: float
    later: float
    released: float


def needs(now: Second, busy: Busy) -> dict[str, float]:
    """How much of each quota is needed. Write units as `bench/metering.py` counts them.

    An event is a row and its delivery another; a claim and what came of it are two writes of the row. The index has an
    entry while a delivery waits (1), which moves to the end of the lease (2), and is moved again (2) or goes (1).
    """
    redelivered = now.at_once + now.released * busy.again
    dispatched = (now.arriving - now.failing) * busy.first + now.failing * TIMEOUT_SECONDS
    later_writes = 2 * now.hanging + now.later + 3 * now.released
    return {
        "Lambda: functions at once": dispatched + min(redelivered, REDELIVERS),
        "redeliver's MaximumConcurrency, ten deliveries each": redelivered,
        "DynamoDB: writes a second to one webhook's rows": now.arriving / HOSTS + later_writes,
        "DynamoDB: writes a second to one receiver of the index `parked`": now.parked + now.later + now.released,
        "DynamoDB: writes a second to the index `due`": now.failing + 4 * now.hanging + now.later + 4 * now.released,
        "DynamoDB: writes a second to the table of deliveries": 2 * now.arriving + later_writes,
        "DynamoDB: reads a second of one trigger's webhooks": 0.5 * now.arriving,
        "EventBridge: events a second put on the bus": now.arriving,
        "EventBridge: invocations a second": now.arriving,
    }


@dataclass
class Retries:
    """Attempts at the host that hangs: when the next one is due, by the schedule, and how many are under way."""

    due: defaultdict[int, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    ending: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    at_once: float = 0.0

    def failed(self, second: int, attempts: int, count: float) -> None:
        """So many deliveries have failed in that second, after so many attempts."""
        for wait, share in _waits(SCHEDULE_SECONDS[attempts]):
            self.due[second + wait].append((attempts, count * share))

    def step(self, second: int, *, hanging: bool) -> tuple[float, float]:
        """How many later attempts begin in this second, and how many deliveries are parked instead."""
        self.at_once -= self.ending.pop(second, 0.0)
        waiting = self.due.pop(second, [])
        count = sum(amount for _, amount in waiting)
        if not hanging:
            return 0.0, count
        for attempts, amount in waiting:
            self.failed(second + TIMEOUT_SECONDS, attempts + 1, amount)
        self.at_once += count
        self.ending[second + TIMEOUT_SECONDS] += count
        return count, 0.0


def _waits(whole: int) -> Iterator[tuple[int, float]]:
    """In which second after a failure what share comes back: half of the wait is certain, half is chance."""
    half = whole / 2
    for second in range(math.floor(half), whole):
        yield second, (second + 1 - max(second, half)) / half


@dataclass
class Backlog:
    """What is parked for the host that was down, oldest first: the second, and how many of it wait."""

    parked: list[tuple[int, float]] = field(default_factory=list)
    first: int = 0
    waiting: float = 0.0
    most: float = 0.0
    given_up: float = 0.0

    def park(self, second: int, count: float) -> None:
        """So many more wait."""
        if count:
            self.parked.append((second, count))
            self.waiting += count
            self.most = max(self.most, self.waiting)

    def release(self) -> float:
        """As many as are released in a second."""
        released = left = min(self.waiting, RELEASED_PER_SWEEP / 60)
        while left > 1e-9 and self.first < len(self.parked):
            came, count = self.parked[self.first]
            taken = min(left, count)
            self.parked[self.first], left = (came, count - taken), left - taken
            self.waiting -= taken
            self.first += count - taken < 1e-9
        return released

    def give_up(self, second: int) -> None:
        """Those that have waited for too long."""
        while self.first < len(self.parked) and second - self.parked[self.first][0] > GIVE_UP_SECONDS:
            count = self.parked[self.first][1]
            self.given_up, self.waiting, self.first = self.given_up + count, self.waiting - count, self.first + 1


def simulate(rate: float, busy: Busy) -> Day:
    """Second by second, until the day is over and the backlog is gone, or for eight days."""
    used = dict.fromkeys(QUOTAS, 0.0)
    backlog, retries = Backlog(), Retries()
    second, before = 0, None
    while second < DAY or (backlog.waiting > 1e-6 and second < LONGEST):
        arriving = rate if second < DAY else 0.0
        hanging = second in DOWN and second < DOWN.start + OPENS_AFTER_SECONDS
        is_open = second in DOWN and not hanging
        failing, parked = arriving / HOSTS * hanging, arriving / HOSTS * is_open
        if failing:
            retries.failed(second + TIMEOUT_SECONDS, 1, failing)
        begun, later = retries.step(second, hanging=hanging)
        backlog.park(second, parked + later)
        released = backlog.release() if second >= DOWN.stop else 0.0
        backlog.give_up(second)
        now = Second(
            arriving=arriving,
            failing=failing,
            hanging=begun,
            at_once=retries.at_once,
            parked=parked,
            later=later,
            released=released,
        )
        if now != before:  # most seconds of a day are as the one before them
            used = {name: max(used[name], amount / QUOTAS[name]) for name, amount in needs(now, busy).items()}
        before = now
        second += 1
    drained = None if backlog.given_up else _drained(backlog.most) if second <= DAY else (second - DOWN.stop) / 3600
    return Day(used=used, parked=round(backlog.most), drained_h=drained, given_up=round(backlog.given_up))


def _drained(most: float) -> float:
    return most / (RELEASED_PER_SWEEP / 60) / 3600


def busy_of(billed_ms: Mapping[str, float]) -> Busy:
    """As the bill has it, of one attempt, and of two."""
    first = billed_ms["direct"]
    return Busy(first / 1000, (billed_ms["each one refused at first"] - first) / 1000)


def measured(busy: Busy) -> dict[int, dict[str, Any]]:
    """Everything, as plain data."""
    days = {rate: simulate(rate, busy) for rate in RATES}
    return {
        rate: {"used": dict(day.used), "parked": day.parked, "drained_h": day.drained_h, "given_up": day.given_up}
        for rate, day in days.items()
    }


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=30, help="of how many it is measured what an attempt takes")
    busy = busy_of(bill.measured(arguments.parse_args().events)["billed_ms"])
    print(
        f"a first attempt keeps a function busy for {busy.first * 1000:.0f} ms, another for {busy.again * 1000:.0f} ms"
    )
    for rate, day in measured(busy).items():
        drained = "never wholly" if day["drained_h"] is None else f"in {day['drained_h']:.1f} hours"
        print(f"{rate} events a second: {day['parked']} parked, drained {drained}, {day['given_up']} given up")
        for name, share in sorted(day["used"].items(), key=lambda one: -one[1]):
            print(f"    {share:8.1%} of {QUOTAS[name]:6d}  {name}")


if __name__ == "__main__":
    main()
