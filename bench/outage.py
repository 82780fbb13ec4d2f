"""What outages cost, and what becomes of what waits: the project's own use cases in simulated time.

First, ten thousand deliveries to a receiver that fails 30 % at random and is dead for half an hour. Then, a host that
hangs for six hours while a hundred thousand deliveries to it are parked, next to three receivers that are well.

Stores are in memory and the clock is simulated, so that hours take seconds. Functions have containers, which run side
by side and know of circuits what they saw themselves; the queue delays, and is read as `template.yaml` has it read; the
sweep runs each minute. Printed: figures, and which claim about them does not hold. Ends with 1 when one does not.
"""

import argparse
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final

from bench.cloud import ANSWER_SECONDS, MINUTE, MOST, START, Cloud, Receiver
from grantwire import circuits
from grantwire.models import State
from grantwire.observability import logger
from tests.fakes import Row

HOUR: Final = 3600.0
EVENTS_FOR_SECONDS: Final = 100 * MINUTE
LOST_SHARE: Final = 0.02  # of the answers: the receiver took the event, and its answer did not come back
DOWN: Final = "down.example.com"
RECEIVER: Final = f"{DOWN} wh_down"
RELEASED: Final = 600  # in a minute, as docs/operations.md says


# Ten thousand deliveries, half an hour --------------------------------------------------------------------------------
def flaky(count: int, seed: int) -> list[str]:
    """A receiver that fails at random and is dead for a while: print what came of it; which claims do not hold."""
    chance = random.Random(seed)
    cloud = Cloud(random.Random(seed + 1).random)
    receiver = Receiver(
        cloud.hub,
        dead=(START + 30 * MINUTE, START + 60 * MINUTE),
        rejects=lambda *_: chance.random() < 0.3,
        loses=lambda: chance.random() < LOST_SHARE,
    )
    cloud.feed("torq", receiver, count=count, apart=EVENTS_FOR_SECONDS / count)
    cloud.run()
    requests, succeeded = len(receiver.requests), cloud.ended["wh_torq", State.SUCCEEDED]
    twice = receiver.accepted.total() - len(receiver.accepted)
    while_dead = sum(map(receiver.is_dead, receiver.requests))
    last = max(receiver.arrivals.values()) - START
    print(f"deliveries {count}, succeeded {succeeded}, failed {cloud.ended['wh_torq', State.FAILED]}")
    print(f"attempts {requests} ({requests / count:.2f} per delivery), wake-ups {cloud.queue.sent}")
    print(f"attempts while the receiver was dead for 30 minutes: {while_dead}")
    print(f"seen twice by the receiver: {twice} (it took {LOST_SHARE:.0%} without its answer coming back)")
    print(f"last delivery {last / MINUTE:.0f} minutes after the first event; events came for 100 minutes")
    return [] if succeeded == count else ["every delivery arrives"]


# A hundred thousand deliveries, six hours -----------------------------------------------------------------------------
@dataclass
class Outage:
    """A host that hangs for a while, as it is seen.

    calls       of each minute's sweep to tables while it is down, with the number of deliveries that are parked
    most_calls  of a minute's sweep while the backlog is released
    backlog     the numbers of the events whose deliveries were released after it was back
    released    deliveries by minute
    """

    cloud: Cloud
    receiver: Receiver
    others: Sequence[Receiver]
    opened_at: float = 0.0
    peak: int = 0
    drained_at: float = 0.0
    calls: list[tuple[int, int]] = field(default_factory=list)
    most_calls: int = 0
    backlog: set[int] = field(default_factory=set)
    released: Counter[float] = field(default_factory=Counter)

    def hear(self, what: str, before: Row | None, after: Row | None) -> None:
        """Something was written, or a minute's sweep is over."""
        now, parked = self.cloud.hub.now, self.cloud.parked[RECEIVER]
        self.peak = max(self.peak, parked)
        if what == "release" and after:
            self.released[now] += 1
            if now >= self.receiver.dead[1]:
                self.backlog.add(_number(after.delivery.sort_key))
                self.drained_at = now
        elif what == "sweep":
            circuit = self.cloud.circuits.circuits.get(RECEIVER)
            if circuit and self.receiver.is_dead(now):
                self.opened_at = self.opened_at or circuit.opened_at
                self.calls.append((parked, self.cloud.calls.total()))
            elif circuit and circuit.draining:
                self.most_calls = max(self.most_calls, self.cloud.calls.total())
            self.cloud.calls.clear()

    def calls_with(self, parked: float) -> int:
        """The most in a minute, of the ten minutes in which the number of the parked was nearest to this one."""
        nearest = sorted(self.calls, key=lambda one: abs(one[0] - parked))[:10]
        return max((calls for _, calls in nearest), default=0)

    def by_hour(self, moments: Sequence[float]) -> list[int]:
        """How many of the moments lie in each hour for which it was down."""
        begin, end = self.receiver.dead
        hours = range(math.ceil((end - begin) / HOUR))
        return [_between(moments, begin + hour * HOUR, min(begin + (hour + 1) * HOUR, end)) for hour in hours]

    def strays(self) -> int:
        """POSTs that were no probes, once every process knew that the circuit was open."""
        begin, end = self.opened_at + 10.0, self.receiver.dead[1]
        return _between(self.receiver.requests, begin, end) - _between(self.cloud.probes, begin, end)

    def displaced(self) -> int:
        """By how many places a delivery of the backlog arrived too early or too late."""
        order = [number for name in self.receiver.arrivals if (number := _number(name)) in self.backlog]
        places = {number: place for place, number in enumerate(sorted(order))}
        return max((abs(place - places[number]) for place, number in enumerate(order)), default=0)

    def took(self, begin: float, end: float, *, backlog: bool) -> list[float]:
        """How long the deliveries of the events of a time took, of the backlog or not."""
        return [
            arrived - _time(name)
            for name, arrived in self.receiver.arrivals.items()
            if begin <= _time(name) < end and (_number(name) in self.backlog) is backlog
        ]

    def late(self) -> list[float]:
        """How long after it was back those arrived that had neither been parked then nor arrived."""
        begin, end = self.receiver.dead
        moments = self.receiver.arrivals.items()
        return [
            arrived - end
            for name, arrived in moments
            if begin <= _time(name) < end <= arrived and _number(name) not in self.backlog
        ]

    def others_longest(self) -> float:
        """How long a delivery to the others took at the longest."""
        return max(arrived - _time(name) for other in self.others for name, arrived in other.arrivals.items())


def _number(key: str) -> int:
    return int(key[-32:], 16)


def _time(name: str) -> float:
    return int(name.split("_")[-2], 16) / 1e6


def _between(moments: Sequence[float], begin: float, end: float) -> int:
    return sum(begin <= moment < end for moment in moments)


def hanging(
    count: int, hours: float, module: ModuleType = circuits, *, well: bool = False, timeout_seconds: float = 10
) -> Outage:
    """A host that hangs for hours (or is `well`), next to three others.

    Some 4 % more events than `count` come for it meanwhile, and go on to come for an hour. One in twenty deliveries to
    the others is turned away at first, so that they need the queue as well. No chance: both runs can be compared.
    """
    cloud = Cloud(chance=lambda: 1.0, module=module)
    begin, end = START + 10 * MINUTE, START + 10 * MINUTE + hours * HOUR
    receiver = Receiver(cloud.hub, dead=(begin, begin if well else end), hangs=True)
    others = [Receiver(cloud.hub, rejects=lambda name, time: _number(name) % 20 == 0 and time == 1) for _ in range(3)]
    outage, apart = Outage(cloud, receiver, others), hours * HOUR / (1.04 * count)
    cloud.heard = outage.hear
    events = round((end + HOUR - START) / apart)
    cloud.feed("down", receiver, count=events, apart=apart, timeout_seconds=timeout_seconds)
    for index, other in enumerate(others):
        cloud.feed(f"well{index}", other, count=round((end - START) / (5 + index)), apart=5.0 + index)
    cloud.run()
    return outage


def claims(seen: Outage, usual: Outage, count: int) -> dict[str, bool]:
    """What is claimed of an outage in which `count` deliveries are parked, and whether it holds."""
    (begin, end), cloud = seen.receiver.dead, seen.cloud
    probes, backlog = seen.by_hour(cloud.probes), len(seen.backlog)
    return {
        "the circuit opens within six minutes": begin < seen.opened_at <= begin + 6 * MINUTE,
        "deliveries are parked": seen.peak >= count,
        "nothing but probes is sent while it is open": seen.strays() == 0,
        "probes are few, however many wait": probes[0] <= 16 and max(probes[1:], default=0) <= 12,
        "nobody else waits longer": seen.others_longest() - usual.others_longest() <= ANSWER_SECONDS,
        "the sweep's calls do not grow with what waits": seen.calls_with(count) <= seen.calls_with(count / 100) + 5,
        "600 are released in a minute at most": max(seen.released.values(), default=0) <= RELEASED,
        "the oldest are released first": seen.displaced() <= RELEASED,
        "the backlog drains at that rate": 0 < seen.drained_at - end <= (backlog / RELEASED + 10) * MINUTE,
        "new events do not wait for the backlog": max(seen.took(end, math.inf, backlog=False), default=MOST) < 1,
        "nothing is sent again after it arrived": max(seen.receiver.accepted.values()) == 1,
        "every delivery arrives": sum(many for (_, state), many in cloud.ended.items() if state == State.SUCCEEDED)
        == cloud.expected,
    }


def tell(seen: Outage, usual: Outage, count: int) -> None:
    """Print the figures."""
    (begin, end), cloud, levels = seen.receiver.dead, seen.cloud, (count // 100, count // 10, count)
    posts, probes = seen.by_hour(seen.receiver.requests), seen.by_hour(cloud.probes)
    parts = [f"{probe} + {post - probe}" for post, probe in zip(posts, probes, strict=True)]
    calls = ", ".join(f"{seen.calls_with(level)} with {level}" for level in levels)
    ended = Counter({state: cloud.ended["wh_down", state] for state in (State.SUCCEEDED, State.FAILED)})
    twice = seen.receiver.accepted.total() - len(seen.receiver.accepted)
    print(f"a host hangs for {(end - begin) / HOUR:g} hours: {seen.peak} deliveries parked at the peak")
    print(f"POSTs to it meanwhile, in each hour, probes and others: {', '.join(parts)}")
    print(f"its circuit opened after {seen.opened_at - begin:.0f} s; other POSTs once all knew: {seen.strays()}")
    print(f"longest delay at the three others: {seen.others_longest():.2f} s, without the outage", end=" ")
    print(f"{usual.others_longest():.2f} s (they turn one delivery in twenty away at first)")
    print(f"containers at once: {cloud.dispatch.most} that dispatch, {cloud.redeliver.most} that redeliver")
    print(f"calls to tables by the sweep in a minute, parked: {calls}; while released: {seen.most_calls}")
    print(f"{len(seen.backlog)} released in {(seen.drained_at - end) / MINUTE:.0f} minutes,", end=" ")
    print(
        f"{max(seen.released.values(), default=0)} in a minute at most; none displaced by more than {seen.displaced()}"
    )
    unnoticed, new = (seen.took(end, math.inf, backlog=backlog) for backlog in (True, False))
    print(f"events after it was back: {len(unnoticed)} came before that was noticed, and were parked as well;", end=" ")
    print(f"the {len(new)} after that took {max(new, default=0.0):.2f} s at the longest")
    print(f"{len(seen.late())} others that had failed kept to their own schedule:", end=" ")
    print(f"the last arrived {max(seen.late(), default=0.0) / MINUTE:.0f} minutes after it was back")
    print(f"seen twice: {twice}; succeeded {ended[State.SUCCEEDED]}, failed {ended[State.FAILED]}")


def main() -> None:
    """Run both, once."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--deliveries", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--parked", type=int, default=100_000)
    arguments.add_argument("--hours", type=float, default=6.0)
    arguments.add_argument("--timeout-seconds", type=float, default=10.0)
    given = arguments.parse_args()
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Grantwire", "POWERTOOLS_SERVICE_NAME": "bench"}
    logger().setLevel("CRITICAL")
    broken = flaky(given.deliveries, given.seed)
    print()
    seen = hanging(given.parked, given.hours, timeout_seconds=given.timeout_seconds)
    usual = hanging(given.parked, given.hours, timeout_seconds=given.timeout_seconds, well=True)
    tell(seen, usual, given.parked)
    broken += [claim for claim, holds in claims(seen, usual, given.parked).items() if not holds]
    print(f"{time.process_time():.0f} s of CPU")
    for claim in broken:
        print(f"does not hold: {claim}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
