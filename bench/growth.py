"""What an event and a minute's sweep cost as the tables grow.

Webhooks: stored in numbers, of which three match. The real store reads them, through a client that pages as DynamoDB
does and counts; the real use case dispatches. Waiting deliveries: in the in-memory table that the contract holds
against DynamoDB, swept by the real sweep. What is not flat is printed as MISSED, and ends with 0 all the same.
"""

import argparse
import contextlib
import io
import math
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bench.cloud import Counted
from bench.metering import size_of
from grantwire.circuits import CircuitKeeper, Circuits
from grantwire.configurations import parse_webhook
from grantwire.delivering import Deliverer
from grantwire.dispatching import Dispatcher
from grantwire.ending import Ender
from grantwire.health import HealthKeeper
from grantwire.identifiers import moment
from grantwire.invoking import Invoker
from grantwire.models import TRIGGERS, Delivery, Exchange, Filter, HttpResponse, State, Timings, Webhook
from grantwire.observability import clear_metrics, logger
from grantwire.pacing import Pacer
from grantwire.samples import sample_payload
from grantwire.stores.webhook_rows import copy_rows
from grantwire.stores.webhooks import WebhookStore
from grantwire.sweeping import Sweeper
from tests.fakes import (
    FakeBus,
    FakeCircuits,
    FakeDeadLetters,
    FakeDeliveries,
    FakeJobs,
    FakePaces,
    FakeSecrets,
    FakeWakeups,
    FakeWebhooks,
)

NOW: Final = 1_795_000_000.0
MATCHING: Final = 3
PAGE_BYTES: Final = 1_000_000
FLAT: Final = 1.5  # times what the fewest rows take: less is what a machine does by itself
OTHERS: Final = Filter(field="requester", operator="is", values=("nobody@example.com",))


@dataclass
class PagedTable:
    """Answers queries by partition key as DynamoDB does, a megabyte at a time, and counts what is read."""

    partitions: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    sizes: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    read: Counter[str] = field(default_factory=Counter)

    def put(self, row: dict[str, Any]) -> None:
        """Keep a row, whose size is known from then on."""
        self.partitions[row["pk"]["S"]].append(row)
        self.sizes[row["pk"]["S"]].append(size_of(row))

    def query(self, **arguments: Any) -> dict[str, Any]:
        """A page of the partition."""
        [key] = arguments["ExpressionAttributeValues"].values()
        rows, sizes, begin = self.partitions[key["S"]], self.sizes[key["S"]], arguments.get("ExclusiveStartKey", 0)
        end, size = begin, 0
        while end < len(rows) and size < PAGE_BYTES:
            size += sizes[end]
            end += 1
        self.read.update(queries=1, bytes=size, half_units=math.ceil(size / 4096))
        return {"Items": rows[begin:end]} | ({"LastEvaluatedKey": end} if end < len(rows) else {})


class Accepting:
    """A way out at whose end everything is accepted."""

    def send(self, request: Any, *, timeout_seconds: float) -> Exchange:
        """An answer."""
        response = HttpResponse(status=202, headers=(), body=b"{}", truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address=None)


def webhook(number: int, trigger: str, *, matches: bool) -> Webhook:
    """One of many."""
    document = {
        "name": "Torq",
        "active": True,
        "url": "https://hooks.example.com/",
        "body_template": '{"who": "{{data.requester.name}}"}',
        "triggers": [trigger],
    }
    made = parse_webhook(document, webhook_id="wh", now=NOW, version=1)
    return replace(made, id=f"wh_{number:08d}", filters=() if matches else (OTHERS,))


def stored(count: int, *, same_trigger: bool) -> PagedTable:
    """So many webhooks; the three that match, and others that name the same trigger or another one."""
    table = PagedTable()
    prototypes = {trigger: webhook(0, trigger, matches=False) for trigger in TRIGGERS}
    for number in range(count):
        other = TRIGGERS[0] if same_trigger else TRIGGERS[1 + number % (len(TRIGGERS) - 1)]
        one = webhook(number, TRIGGERS[0], matches=True) if number < MATCHING else prototypes[other]
        for row in copy_rows(replace(one, id=f"wh_{number:08d}")):
            table.put(row)
    return table


def deliverer(rows: FakeDeliveries, sender: Any) -> Deliverer:
    """Delivers, on tables in memory."""
    return Deliverer(
        invoker=Invoker(sender=sender, secrets=FakeSecrets()),
        deliveries=rows,
        wakeups=FakeWakeups(),
        ender=Ender(rows=rows, bus=FakeBus()),
        health=HealthKeeper(records=FakeWebhooks(), bus=FakeBus(), clock=time.time, disable_after_days=5),
        circuits=Circuits(records=FakeCircuits(), clock=time.time),
        pacer=Pacer(records=FakePaces(), clock=time.time, sleep=time.sleep),
        clock=time.time,
        random=lambda: 1.0,
    )


def event(number: int) -> dict[str, Any]:
    """An event that has not been yet."""
    detail = {**sample_payload(TRIGGERS[0]), "event_time": NOW + number}
    return {"id": f"e{number}", "detail-type": TRIGGERS[0], "detail": detail}


def per_event(count: int, *, same_trigger: bool, events: int = 200) -> dict[str, float]:
    """Reads, bytes and CPU of an event, warm."""
    table, rows = stored(count, same_trigger=same_trigger), FakeDeliveries()
    with ThreadPoolExecutor(4) as executor, quiet():
        dispatcher = Dispatcher(
            webhooks=WebhookStore(client=table, table_name="webhooks"),  # type: ignore[arg-type]
            events=rows,
            dead_letters=FakeDeadLetters(),
            deliverer=deliverer(rows, Accepting()),
            executor=executor,
        )
        dispatcher.dispatch(event(-1))
        table.read.clear()
        taken = []
        for number in range(events):
            started = time.process_time()
            dispatcher.dispatch(event(number))
            taken.append(time.process_time() - started)
            clear_metrics()
    assert len(rows.rows) == MATCHING * (events + 1), "three match"
    figures = {name: amount / events for name, amount in table.read.items()}
    return figures | {"cpu_ms": min(taken) * 1000}


def sweep(waiting: int, due: int) -> dict[str, float]:
    """Calls and CPU of a minute's sweep while so many wait, of which some are due."""
    calls: Counter[str] = Counter()
    inner = FakeDeliveries()
    for number in range(waiting + due):
        at = NOW - 60 if number >= waiting else NOW + 3600
        row = Delivery(
            webhook_id="wh",
            sort_key=f"{moment(NOW)}#evt_{number:08d}",
            trigger=TRIGGERS[0],
            state=State.WAITING,
            attempts=1,
        )
        inner.queue_new(replace(row, due_at=at, sweep_at=at))
    rows, queue = Counted(inner, calls), FakeWakeups()
    ender = Ender(rows=rows, bus=FakeBus())
    keeper = CircuitKeeper(
        records=Counted(FakeCircuits(), calls),
        rows=rows,
        wakeups=queue,
        ender=ender,
        webhook=lambda _: None,
        clock=lambda: NOW,
    )
    sweeper = Sweeper(
        rows=rows, wakeups=queue, ender=ender, jobs=FakeJobs(), steps=queue, clock=lambda: NOW, random=lambda: 1.0
    )
    with quiet():
        started = time.process_time()
        keeper.look_after(has_time=lambda: True)
        swept = sweeper.sweep(has_time=lambda: True)
        taken = time.process_time() - started
    assert swept.deliveries == due == len(queue.messages)
    return {"calls": float(calls.total()), "cpu_ms": taken * 1000}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No log lines and no metrics."""
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Grantwire", "POWERTOOLS_SERVICE_NAME": "bench"}
    logger().setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    clear_metrics()


def measured(sizes: tuple[int, ...] = (10, 1_000, 10_000, 100_000)) -> dict[str, Any]:
    """Everything, as plain data."""
    return {
        "other triggers": {count: per_event(count, same_trigger=False) for count in sizes},
        "the same trigger": {count: per_event(count, same_trigger=True, events=3) for count in sizes[:3]},
        "sweep": {
            f"{waiting} wait, {due} due": sweep(waiting, due) for waiting in (0, 1_000, 100_000) for due in (0, 100)
        },
    }


def claims(figures: dict[str, Any]) -> dict[str, bool]:
    """What should not grow, and whether it does not."""
    swept: dict[str, dict[str, float]] = figures["sweep"]
    return {
        "an event's reads and CPU, webhooks of other triggers": _is_flat(figures["other triggers"]),
        "an event's reads and CPU, webhooks of the same trigger that are filtered out": _is_flat(
            figures["the same trigger"]
        ),
        "a sweep's calls to tables, deliveries that wait": all(
            len({one["calls"] for name, one in swept.items() if name.endswith(f", {due} due")}) == 1 for due in (0, 100)
        ),
    }


def _is_flat(rows: dict[int, dict[str, float]]) -> bool:
    """The most rows against the fewest."""
    least, most = rows[min(rows)], rows[max(rows)]
    return all(most[key] <= least[key] * FLAT for key in ("half_units", "cpu_ms"))


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = measured()
    for label, rows in found.items():
        for name, figures in rows.items():
            print(f"{label:18} {name!s:24} " + ", ".join(f"{key} {value:.4g}" for key, value in figures.items()))
    for claim, holds in claims(found).items():
        print(f"flat: {claim}: {'met' if holds else 'MISSED'}")


if __name__ == "__main__":
    main()
