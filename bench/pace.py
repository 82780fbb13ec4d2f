"""A receiver that takes 20 a second, sent far more by many functions side by side: with its limit set, and without.

The project's own use cases in simulated time (`bench/cloud.py`), and local/torq.py's own judgement: 429 to what exceeds
twenty accepted requests within any second. A request takes 20 to 60 ms to get there, a wake-up up to 300 ms more.
"""

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.cloud import START, Cloud, Receiver
from grantwire.models import Exchange, HttpResponse, State, Timings
from grantwire.observability import logger
from local.http_server import Request
from local.torq import TOKEN, WEBHOOK_ID, Torq

PER_SECOND: Final = 20
SETTLED_SECONDS: Final = 10
CASES: Final = {  # what the webhook says, and what chance begins with: what is found depends on it
    "limit set": (PER_SECOND, 2),
    "limit found": (None, 2),
    "limit found, by other chances": (None, 3),
    "and by others": (None, 4),
}
LEAST_PER_SECOND: Final = 18  # 19 go out of twenty (`pacing.SHARE_OF_LIMIT`), and a second has edges


@dataclass
class TorqReceiver(Receiver):
    """Answers as Torq does; what it accepted and refused, second by second."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))
    seconds: dict[int, Counter[int]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.torq = Torq(requests_per_second=PER_SECOND, clock=self.hub.clock)

    def post(self, name: str, timeout_seconds: float) -> Exchange:
        """What becomes of one request; answers take 150 ms."""
        self.hub.pause(self.chance.uniform(0.02, 0.06))
        headers = (("Authorization", f"Bearer {TOKEN}"), ("webhook-id", name))
        request = Request(method="POST", target=f"/v1/webhooks/{WEBHOOK_ID}/", headers=headers, body=b"")
        answer = self.torq.answer(request)
        self.seconds.setdefault(int(self.hub.now - START), Counter())[answer.status] += 1
        if answer.status == 202:
            self.accepted[name] += 1
            self.order.append(name)
        self.hub.pause(0.15)
        response = HttpResponse(status=answer.status, headers=answer.headers, body=answer.body, truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address=None)


class LateCloud(Cloud):
    """Wake-ups come late by chance, as SQS's do."""

    def _sent(self, wakeup: Any, delay_seconds: float) -> None:
        super()._sent(wakeup, delay_seconds + self.chance() * 0.3)


def run(case: str, offered: float, count: int) -> tuple[Cloud, TorqReceiver]:
    """So many events at a constant rate, until all of them have arrived."""
    per_second, seed = CASES[case]
    cloud = LateCloud(chance=random.Random(seed).random)
    receiver = TorqReceiver(cloud.hub, chance=random.Random(seed))
    cloud.feed("torq", receiver, count=count, apart=1 / offered, deliveries_per_second=per_second)
    cloud.run()
    return cloud, receiver


def series(receiver: TorqReceiver, status: int) -> list[int]:
    """How many were answered so in each second."""
    return [receiver.seconds.get(second, Counter())[status] for second in range(max(receiver.seconds) + 1)]


def told(label: str, cloud: Cloud, receiver: TorqReceiver, offered: float, count: int) -> dict[str, float]:
    """Print what came of a run; the figures."""
    accepted, refused = series(receiver, 202), series(receiver, 429)
    busy = accepted[SETTLED_SECONDS : int(count / offered)]
    numbers = [int(name[-32:], 16) for name in receiver.order]
    places = {number: place for place, number in enumerate(sorted(numbers))}
    figures = {
        "accepted a second": sum(busy) / len(busy),
        "429 in the first ten seconds": sum(refused[:SETTLED_SECONDS]),
        "429 after that": sum(refused[SETTLED_SECONDS:]),
        "arrived": cloud.ended["wh_torq", State.SUCCEEDED],
        "seen twice": receiver.accepted.total() - len(receiver.accepted),
        "out of order by": max(abs(place - places[number]) for place, number in enumerate(numbers)),
        "processes": cloud.dispatch.most + cloud.redeliver.most,
    }
    print(f"{label}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
    return figures


def is_met(figures: Mapping[str, float]) -> bool:
    """The target: the receiver is sent what it takes, and refuses nothing after the first seconds."""
    return figures["accepted a second"] >= LEAST_PER_SECOND and not figures["429 after that"]


def main() -> None:
    """Run all, and say what does not hold."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=6_000)
    arguments.add_argument("--offered", type=float, default=60.0)
    given = arguments.parse_args()
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Grantwire", "POWERTOOLS_SERVICE_NAME": "bench"}
    logger().setLevel("CRITICAL")
    print(f"{given.events} events, {given.offered:g} a second, to a receiver that takes {PER_SECOND} a second")
    figures = {case: told(case, *run(case, given.offered, given.events), given.offered, given.events) for case in CASES}
    for case, of in figures.items():
        print(f"  {case}: stays at {PER_SECOND} without a 429: {'met' if is_met(of) else 'MISSED'}")
    limited = figures.pop("limit set")
    claims = {
        "with a limit: 18 a second or more, and no 429 at all": limited["accepted a second"] >= LEAST_PER_SECOND
        and not limited["429 in the first ten seconds"] + limited["429 after that"],
        "with a limit: every delivery arrives once": limited["arrived"] == given.events and not limited["seen twice"],
        "with a limit: in order, but for those of two seconds": limited["out of order by"] <= 2 * PER_SECOND,
        "without: one in five hundred is refused at most": all(
            found["429 after that"] <= given.events / 500 for found in figures.values()
        ),
        "without: 16 a second or more": all(found["accepted a second"] >= 16 for found in figures.values()),
        "without: every delivery arrives once": all(
            found["arrived"] == given.events and not found["seen twice"] for found in figures.values()
        ),
    }
    for claim, holds in claims.items():
        print(f"  {'holds' if holds else 'DOES NOT HOLD'}: {claim}")
    sys.exit(0 if all(claims.values()) else 1)


if __name__ == "__main__":
    main()
