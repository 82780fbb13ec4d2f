"""How long one event takes that many webhooks want, by the latency of their receivers; and what memory it takes.

The real dispatcher and fifty threads, tables in memory. First the handler alone: receivers that only wait, no log. Then
over HTTPS on kept connections, to receivers in a process of their own, log lines and metrics written. Beyond fifty,
what is measured is how long dispatch takes to hand the rest to a queue in memory: redeliver sends it, ten side by side
in each of up to a hundred functions, and no target is judged by that. The floors are the same threads when they do
nothing but wait, and when each does nothing but POST with urllib3: a target below that is out of anybody's reach. What
is missed is printed as such, and ends with 0 all the same.
"""

import argparse
import contextlib
import logging
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from urllib3 import PoolManager

from bench.growth import deliverer, event, quiet, webhook
from bench.receiving import Receivers, receivers
from grantwire.dispatching import Dispatcher
from grantwire.egress import Egress
from grantwire.models import TRIGGERS, Exchange, HttpResponse, Timings
from grantwire.observability import clear_metrics, logger, write_metrics
from tests.fakes import FakeDeadLetters, FakeDeliveries, FakeWakeups, FakeWebhooks

THREADS: Final = 50
TARGET: Final = 1.25
# In ms, and how many rounds: the fastest counts, and the shorter it is, the more a busy machine spoils.
LATENCIES: Final = {5: 40, 50: 10, 500: 2}


@dataclass(frozen=True)
class Waiting:
    """A way out at whose end everybody takes so long."""

    seconds: float

    def send(self, request: Any, *, timeout_seconds: float) -> Exchange:
        """An answer, later."""
        time.sleep(self.seconds)
        response = HttpResponse(status=202, headers=(), body=b"{}", truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address=None)


@dataclass
class Fan:
    """One event after the other, each for all of `count` webhooks."""

    count: int
    sender: Any
    executor: ThreadPoolExecutor
    url: str = "https://hooks.example.com/"
    rows: FakeDeliveries = field(default_factory=FakeDeliveries)
    events: int = 0

    def __post_init__(self) -> None:
        prototype = replace(webhook(0, TRIGGERS[0], matches=True), url=self.url)
        webhooks = {f"wh_{number:04d}": replace(prototype, id=f"wh_{number:04d}") for number in range(self.count)}
        delivers = deliverer(self.rows, self.sender)
        assert isinstance(delivers.wakeups, FakeWakeups)
        self.queue = delivers.wakeups.messages
        self.dispatcher = Dispatcher(
            webhooks=FakeWebhooks(webhooks=webhooks),
            events=self.rows,
            dead_letters=FakeDeadLetters(),
            deliverer=delivers,
            executor=self.executor,
            at_once=THREADS,
        )

    def dispatch(self) -> None:
        """An event that has not been yet."""
        self.events += 1
        self.dispatcher.dispatch(event(self.events))


def fastest(rounds: int, do: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU ms of the fastest round, each by itself."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        do()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return min(walls), min(cpus)


def alone(count: int, seconds: float, rounds: int) -> dict[str, float]:
    """The handler alone: wall time in ms, how many were sent and queued, and the most memory in KB."""
    with ThreadPoolExecutor(THREADS) as executor, quiet():
        fan = Fan(count, Waiting(seconds), executor)
        fan.dispatch()  # starts the threads
        wall, _ = fastest(rounds, fan.dispatch)
        fan.rows.rows.clear()
        tracemalloc.start()
        fan.dispatch()
        memory = tracemalloc.get_traced_memory()[1] / 1024
        tracemalloc.stop()
    queued = len(fan.queue) / fan.events
    return {"wall_ms": wall, "sent": count - queued, "queued": queued, "memory_kb": memory}


def over_https(there: Receivers, count: int, seconds: float, rounds: int) -> dict[str, float]:
    """Wall and CPU ms when each delivery is a POST on a kept connection, and is logged."""
    sender = Egress(permit_loopback=True, certificate_authorities=there.ca_file)
    there.delay(0, seconds)
    with ThreadPoolExecutor(THREADS) as executor, written_to_nowhere():
        fan = Fan(count, sender, executor, there.urls[0])

        def handled() -> None:
            fan.dispatch()
            write_metrics()

        handled()  # starts the threads and opens connections
        handled()  # opens those that the first had no need of
        wall, cpu = fastest(rounds, handled)
    sender.close()
    return {"https_ms": wall, "https_cpu_ms": cpu}


@contextmanager
def written_to_nowhere() -> Iterator[None]:
    """The log as functions have it, and metrics: made and written, for nobody to read."""
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Grantwire", "POWERTOOLS_SERVICE_NAME": "bench"}
    [handler] = [one for one in logger()._logger.handlers if isinstance(one, logging.StreamHandler)]
    level, stream = logger().log_level, handler.stream
    clear_metrics()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        logger().setLevel("INFO")
        handler.setStream(nowhere)
        try:
            yield
        finally:
            handler.setStream(stream)
            logger().setLevel(level)


def waiting_ms(count: int, seconds: float, rounds: int) -> float:
    """The fastest round of as many threads as would send, which only wait."""
    return _side_by_side(lambda: time.sleep(seconds), min(count, THREADS), rounds)


def posting_ms(there: Receivers, count: int, seconds: float, rounds: int) -> float:
    """The fastest round of as many threads as send, each of which makes one POST on a kept connection, no more."""
    there.delay(0, seconds)
    pools = PoolManager(maxsize=THREADS, ca_certs=there.ca_file)
    headers = {"Content-Type": "application/json"}

    def post() -> None:
        pools.request("POST", there.urls[0], body=b'{"who": "Ana"}', headers=headers, retries=False)

    wall = _side_by_side(post, count, rounds)
    pools.clear()
    return wall


def _side_by_side(do: Callable[[], object], count: int, rounds: int) -> float:
    """As the dispatcher has it: the last one in this very thread."""
    with ThreadPoolExecutor(THREADS) as executor:

        def done() -> None:
            others = [executor.submit(do) for _ in range(count - 1)]
            do()
            wait(others)

        done()  # starts the threads
        done()  # opens the connections that the first had no need of
        return fastest(rounds, done)[0]


def measured(counts: Sequence[int] = (1, 10, 50, 100, 1000)) -> dict[str, dict[str, float]]:
    """Everything, as plain data; the ratios are to the receivers' latency, where all webhooks are sent to."""
    logger()  # made while standard output is still what it was
    found = {}
    with receivers(1) as there:
        for latency, rounds in LATENCIES.items():
            for count in counts:
                figures = alone(count, latency / 1000, rounds)
                figures["floor_ms"] = waiting_ms(count, latency / 1000, rounds)
                if count <= THREADS:
                    figures["ratio"] = figures["wall_ms"] / latency
                    figures |= over_https(there, count, latency / 1000, rounds)
                    figures["posts_ms"] = posting_ms(there, count, latency / 1000, rounds)
                    figures["https_ratio"] = figures["https_ms"] / latency
                    figures["posts_ratio"] = figures["posts_ms"] / latency
                found[f"{count} webhooks, {latency} ms"] = figures
    return found


def kb_each(figures: dict[str, dict[str, float]], fewer: int = 50, more: int = 1000) -> float:
    """The most memory for each webhook beyond fifty, the rows and wake-ups that stay in memory here included."""
    most = max(one["memory_kb"] for name, one in figures.items() if name.startswith(f"{more} "))
    least = min(one["memory_kb"] for name, one in figures.items() if name.startswith(f"{fewer} "))
    return (most - least) / (more - fewer)


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = measured()
    for name, figures in found.items():
        print(f"{name:24} " + ", ".join(f"{key} {value:.4g}" for key, value in figures.items()))
        for key in ("ratio", "https_ratio", "posts_ratio"):
            if key in figures:
                print(f"{'':24} {key} {'met' if figures[key] <= TARGET else 'MISSED'} (target ≤ {TARGET})")
    print(f"memory for each webhook beyond fifty: {kb_each(found):.2f} KB")


if __name__ == "__main__":
    main()
