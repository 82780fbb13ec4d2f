"""A day at 1, 100 and 10,000 events a second with an hour's outage in it, second by second, against AWS's quotas.

A model of what is counted elsewhere: how long an event keeps a function busy and what it writes (`bench/bill.py`,
`make outage`), how a host that is down is parked and drained (`circuits`). Each event goes to one webhook, of three
hosts; one of them is down from noon to one. Nothing of AWS runs here: the quotas are the defaults in us-east-1.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from grantwire.circuits import GIVE_UP_SECONDS, RELEASED_PER_SWEEP

RATES: Final = (1, 100, 10_000)
HOSTS: Final = 3
DOWN: Final = range(12 * 3600, 13 * 3600)
OPENS_AFTER_SECONDS: Final = 115  # as `make outage` finds
DAY: Final = 86_400
LONGEST: Final = 8 * DAY
QUOTAS: Final = {
    "Lambda: functions at once": 1_000,
    "DynamoDB: writes a second to one webhook's rows": 1_000,
    "DynamoDB: writes a second to the index `due`": 8 * 1_000,
    "DynamoDB: writes a second to the table of deliveries": 40_000,
    "DynamoDB: reads a second of one trigger's webhooks": 3_000,
    "EventBridge: events a second put on the bus": 10_000,
    "EventBridge: invocations a second": 18_750,
    "SQS: deliveries that redeliver sends at once": 100 * 10,
}


@dataclass(frozen=True, kw_only=True)
class Day:
    """What became of a day.

    used         the highest use of each quota, as a share of it
    parked       the longest backlog of the host that was down
    drained_h    hours from its return until the backlog was gone; None when some was given up
    given_up     deliveries that waited for more than four days
    waited       events that had to wait for a function
    """

    used: Mapping[str, float]
    parked: int
    drained_h: float | None
    given_up: int
    waited: int


def needs(rate: float, busy_seconds: float, again: float) -> dict[str, float]:
    """How much of each quota is needed at a rate, `again` deliveries a second being sent by redeliver."""
    return {
        "Lambda: functions at once": rate * busy_seconds + again * busy_seconds / 10,
        "DynamoDB: writes a second to one webhook's rows": (2 * rate + 2 * again) / HOSTS,
        "DynamoDB: writes a second to the index `due`": 2 * rate + 2 * again,
        "DynamoDB: writes a second to the table of deliveries": 3 * rate + 2 * again,
        "DynamoDB: reads a second of one trigger's webhooks": 0.5 * rate,
        "EventBridge: events a second put on the bus": rate,
        "EventBridge: invocations a second": rate,
        "SQS: deliveries that redeliver sends at once": again * busy_seconds,
    }


def simulate(rate: float, busy_seconds: float, *, timeout_seconds: float = 10.0) -> Day:
    """Second by second, until the day is over and the backlog is gone, or for eight days."""
    used = dict.fromkeys(QUOTAS, 0.0)
    parked: list[tuple[int, float]] = []  # the second, and how many of it wait: oldest first
    first, backlog, most, given_up, queue, waited = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    second = 0
    while second < DAY or (backlog > 0 and second < LONGEST):
        arriving = rate if second < DAY else 0.0
        hanging = second in DOWN and second < DOWN.start + OPENS_AFTER_SECONDS
        busy = busy_seconds + (timeout_seconds - busy_seconds) / HOSTS if hanging else busy_seconds
        if second in DOWN and not hanging:
            parked.append((second, arriving / HOSTS))
            backlog += arriving / HOSTS
        released = min(backlog, RELEASED_PER_SWEEP / 60) if second >= DOWN.stop else 0.0
        left = released
        while left > 1e-9 and first < len(parked):
            came, count = parked[first]
            taken = min(left, count)
            parked[first], left, backlog = (came, count - taken), left - taken, backlog - taken
            first += count - taken < 1e-9
        while first < len(parked) and second - parked[first][0] > GIVE_UP_SECONDS:
            given_up, backlog, first = given_up + parked[first][1], backlog - parked[first][1], first + 1
        capacity = QUOTAS["Lambda: functions at once"] / busy
        waited += max(0.0, queue + arriving - capacity)
        queue = max(0.0, queue + arriving - capacity)
        most = max(most, backlog)
        for name, amount in needs(arriving, busy, released).items():
            used[name] = max(used[name], amount / QUOTAS[name])
        second += 1
    drained = None if given_up else max(0, second - DOWN.stop) / 3600 if second > DAY else _drained(most)
    return Day(used=used, parked=round(most), drained_h=drained, given_up=round(given_up), waited=round(waited))


def _drained(most: float) -> float:
    return most / (RELEASED_PER_SWEEP / 60) / 3600


def measured(busy_ms: float = 200.0) -> dict[int, dict[str, Any]]:
    """Everything, as plain data."""
    found = {}
    for rate in RATES:
        day = simulate(rate, busy_ms / 1000)
        found[rate] = {
            "used": dict(day.used),
            "parked": day.parked,
            "drained_h": day.drained_h,
            "given_up": day.given_up,
            "waited": day.waited,
        }
    return found


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--busy-ms", type=float, default=200.0, help="how long an event keeps a function busy")
    for rate, day in measured(arguments.parse_args().busy_ms).items():
        drained = "never wholly" if day["drained_h"] is None else f"in {day['drained_h']:.1f} hours"
        print(f"{rate} events a second: {day['parked']} parked, drained {drained}, {day['given_up']} given up")
        for name, share in sorted(day["used"].items(), key=lambda one: -one[1])[:4]:
            print(f"    {share:8.1%} of {QUOTAS[name]:6d}  {name}")


if __name__ == "__main__":
    main()
