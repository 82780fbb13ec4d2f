"""Ten thousand deliveries to a receiver that fails 30 % at random and is dead for half an hour: what becomes of them.

The project's own use cases on stores in memory and a clock of their own, so that hours take seconds: events come in for
a hundred minutes, the queue delays, the sweep runs each minute. Printed: attempts, what the receiver saw twice, probes
during the outage, and how long the last delivery took. Ends with 1 unless every delivery arrived.
"""

import argparse
import contextlib
import heapq
import io
import itertools
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from grantwire.circuits import CircuitKeeper, Circuits
from grantwire.configurations import parse_webhook
from grantwire.delivering import Deliverer
from grantwire.health import HealthKeeper
from grantwire.invoking import Invoker
from grantwire.models import (
    Delivery,
    Exchange,
    Failure,
    FailureKind,
    HttpRequest,
    HttpResponse,
    RequestEvent,
    State,
    Timings,
)
from grantwire.observability import logger, metrics
from grantwire.redelivering import Redeliverer, Wakeup
from grantwire.samples import sample_payload
from grantwire.sweeping import Sweeper
from tests.fakes import FakeBus, FakeCircuits, FakeDeliveries, FakeJobs, FakeSecrets, FakeWakeups, FakeWebhooks

START: Final = 1_795_000_000.0
DEAD_FROM, DEAD_UNTIL = START + 30 * 60, START + 60 * 60
EVENTS_FOR_SECONDS: Final = 100 * 60
LOST_SHARE: Final = 0.02  # of the answers: the receiver took the event, and its answer did not come back


@dataclass
class World:
    """A clock, and what is to happen when."""

    now: float = START
    happenings: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def clock(self) -> float:
        return self.now

    def at(self, moment: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.happenings, (moment, next(self.numbers), what))

    def run_until(self, done: Callable[[], bool]) -> None:
        while self.happenings and not done():
            self.now, _, what = heapq.heappop(self.happenings)
            what()


class Receiver:
    """Fails at random, is dead for a while, and counts what it saw."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.accepted: Counter[str] = Counter()
        self.requests = self.while_dead = 0

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        """What becomes of one request."""
        self.requests += 1
        if DEAD_FROM <= self.world.now < DEAD_UNTIL:
            self.while_dead += 1
            return self._none(FailureKind.CONNECT)
        if self.random.random() < 0.3:
            return self._answer(503)
        self.accepted[dict(request.headers)["webhook-id"]] += 1
        return self._none(FailureKind.TIMEOUT) if self.random.random() < LOST_SHARE else self._answer(202)

    def _none(self, kind: FailureKind) -> Exchange:
        return Exchange(response=None, failure=Failure(kind, kind), timings=Timings(), remote_address=None)

    def _answer(self, status: int) -> Exchange:
        response = HttpResponse(status=status, headers=(), body=b"", truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address=None)


class TimedWakeups(FakeWakeups):
    """A queue that delivers in the world's time."""

    def __init__(self, world: World, redeliver: Callable[[Wakeup], None]) -> None:
        super().__init__()
        self.world, self.redeliver, self.sent = world, redeliver, 0

    def put(self, wakeup: Wakeup, delay_seconds: float) -> None:
        """A message arrives after its delay."""
        self.sent += 1
        self.world.at(self.world.now + delay_seconds, lambda: self.redeliver(wakeup))


def events(count: int) -> list[RequestEvent]:
    """Created requests, evenly over a hundred minutes."""
    apart = EVENTS_FOR_SECONDS / count
    payload = sample_payload("RequestCreated")
    times = [START + number * apart for number in range(count)]
    return [
        RequestEvent(id=f"evt_{number:032x}", trigger="RequestCreated", time=moment, payload=payload)
        for number, moment in enumerate(times)
    ]


def simulate(count: int, seed: int) -> bool:
    """Run it and print the figures; whether every delivery arrived."""
    world = World()
    rows, webhooks, circuit_rows, receiver = FakeDeliveries(), FakeWebhooks(), FakeCircuits(), Receiver(world, seed)
    document = {
        "name": "Torq",
        "active": True,
        "url": "https://hooks.torq.io/v1/webhooks/x/",
        "triggers": ["RequestCreated"],
        "body_template": '{"who": "{{data.requester.name}}"}',
    }
    webhook = parse_webhook(document, webhook_id="wh_outage", now=START, version=1)
    webhooks.webhooks[webhook.id] = webhook
    wakeups = TimedWakeups(world, lambda wakeup: redeliverer.redeliver(wakeup))
    chance = random.Random(seed + 1).random
    health = HealthKeeper(records=webhooks, bus=FakeBus(), clock=world.clock, disable_after_days=5)
    deliverer = Deliverer(
        invoker=Invoker(sender=receiver, secrets=FakeSecrets(), clock=world.clock),
        deliveries=rows,
        wakeups=wakeups,
        health=health,
        circuits=Circuits(records=circuit_rows, clock=world.clock),
        clock=world.clock,
        random=chance,
    )
    redeliverer = Redeliverer(rows=rows, webhooks=webhooks, deliverer=deliverer, clock=world.clock)
    keeper = CircuitKeeper(
        records=circuit_rows, rows=rows, wakeups=wakeups, is_sendable=lambda _: True, clock=world.clock
    )
    sweeper = Sweeper(rows=rows, wakeups=wakeups, jobs=FakeJobs(), steps=wakeups, clock=world.clock, random=chance)

    def first(event: RequestEvent) -> None:
        rows.keep_event(event)
        deliverer.deliver_first(webhook, event, stored=True)

    def each_minute() -> None:
        keeper.look_after()
        sweeper.sweep(has_time=lambda: True)
        world.at(world.now + 60, each_minute)

    for event in events(count):
        world.at(event.time, lambda event=event: first(event))  # type: ignore[misc]
    world.at(START + 60, each_minute)
    ended = Counter[str]()
    rows.on_change = lambda what, before, after: ended.update(_end(after.delivery))
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):  # metrics
        world.run_until(lambda: sum(ended.values()) >= count)
    succeeded = ended[State.SUCCEEDED]
    twice = sum(times - 1 for times in receiver.accepted.values())
    print(f"deliveries {count}, succeeded {succeeded}, failed {ended[State.FAILED]}")
    print(f"attempts {receiver.requests} ({receiver.requests / count:.2f} per delivery), wake-ups {wakeups.sent}")
    print(f"attempts while the receiver was dead for 30 minutes: {receiver.while_dead}")
    print(f"seen twice by the receiver: {twice} (it took {LOST_SHARE:.0%} without its answer coming back)")
    print(f"last delivery {(world.now - START) / 60:.0f} minutes after the first event; events came for 100 minutes")
    print(f"{time.process_time() - started:.1f} s of CPU")
    return succeeded == count


def _end(delivery: Delivery) -> list[str]:
    return [delivery.state] if delivery.state in (State.SUCCEEDED, State.FAILED) else []


def main() -> None:
    """Run it once."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--deliveries", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Grantwire", "POWERTOOLS_SERVICE_NAME": "bench"}
    logger().setLevel("CRITICAL")
    arrived = simulate(given.deliveries, given.seed)
    metrics().clear_metrics()
    sys.exit(0 if arrived else 1)


if __name__ == "__main__":
    main()
