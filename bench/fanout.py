"""How long one event takes that many webhooks want, by the latency of their receivers; and what memory it takes.

The real dispatcher and fifty threads, tables in memory, receivers that wait. Beyond fifty, what is measured
is how long dispatch takes to hand the rest to the queue: redeliver sends it, ten side by side in each of up to a
hundred functions. The floor are the same threads when they do nothing but wait.
"""

import argparse
import math
import time
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Final

from bench.growth import deliverer, event, quiet, webhook
from grantwire.dispatching import Dispatcher
from grantwire.models import TRIGGERS, Exchange, HttpResponse, Timings
from tests.fakes import FakeDeadLetters, FakeDeliveries, FakeWakeups, FakeWebhooks

THREADS: Final = 50
TARGET: Final = 1.25
_ROUNDS: Final = {5: 40, 50: 10, 500: 2}  # the fastest counts: the shorter it is, the more a busy machine spoils


@dataclass(frozen=True)
class Waiting:
    """A way out at whose end everybody takes so long."""

    seconds: float

    def send(self, request: Any, *, timeout_seconds: float) -> Exchange:
        """An answer, later."""
        time.sleep(self.seconds)
        response = HttpResponse(status=202, headers=(), body=b"{}", truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address=None)


def run(count: int, seconds: float, rounds: int) -> dict[str, float]:
    """The fastest round's wall time in ms, how many were sent and queued, and the most memory in KB."""
    prototype = webhook(0, TRIGGERS[0], matches=True)
    webhooks = {f"wh_{number:04d}": replace(prototype, id=f"wh_{number:04d}") for number in range(count)}
    rows = FakeDeliveries()
    sender = deliverer(rows, Waiting(seconds))
    wakeups = sender.wakeups
    assert isinstance(wakeups, FakeWakeups)
    taken: list[float] = []
    with ThreadPoolExecutor(THREADS) as executor, quiet():
        dispatcher = Dispatcher(
            webhooks=FakeWebhooks(webhooks=webhooks),
            events=rows,
            dead_letters=FakeDeadLetters(),
            deliverer=sender,
            executor=executor,
            at_once=THREADS,
        )
        dispatcher.dispatch(event(0))  # starts the threads
        for number in range(1, rounds + 1):
            started = time.perf_counter()
            dispatcher.dispatch(event(number))
            taken.append((time.perf_counter() - started) * 1000)
        rows.rows.clear()
        tracemalloc.start()
        dispatcher.dispatch(event(rounds + 1))
        memory = tracemalloc.get_traced_memory()[1] / 1024
        tracemalloc.stop()
    queued = len(wakeups.messages) / (rounds + 2)
    return {"wall_ms": min(taken), "sent": count - queued, "queued": queued, "memory_kb": memory}


def floor_ms(count: int, seconds: float, rounds: int) -> float:
    """The fastest round of as many threads as would send, which only wait."""
    taken: list[float] = []
    with ThreadPoolExecutor(THREADS) as executor:
        for _ in range(rounds + 1):  # the first starts the threads
            started = time.perf_counter()
            waiting = [executor.submit(time.sleep, seconds) for _ in range(min(count, THREADS) - 1)]
            time.sleep(seconds)
            wait(waiting)
            taken.append((time.perf_counter() - started) * 1000)
    return min(taken[1:])


def measured(counts: Sequence[int] = (1, 10, 50, 100, 1000)) -> dict[str, dict[str, float]]:
    """Everything, as plain data; the ratio is to the receivers' latency, for each fifty webhooks once."""
    found = {}
    for latency, rounds in _ROUNDS.items():
        for count in counts:
            figures = run(count, latency / 1000, rounds)
            ratio = figures["wall_ms"] / latency / math.ceil(count / THREADS)
            floor = floor_ms(count, latency / 1000, rounds)
            found[f"{count} webhooks, {latency} ms"] = figures | {"floor_ms": floor, "ratio": ratio}
    return found


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, figures in measured().items():
        verdict = "met" if figures["ratio"] <= TARGET else "MISSED"
        print(f"{name:24} " + ", ".join(f"{key} {value:.4g}" for key, value in figures.items()) + f" ({verdict})")


if __name__ == "__main__":
    main()
