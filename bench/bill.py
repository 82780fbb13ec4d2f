"""What a million deliveries cost, from calls that are counted: the real handlers on moto, each call metered.

Counted: requests, capacity units, log bytes, CPU. Assumed, in prices.json: how long AWS's services take to answer, the
receiver's 150 ms, how many MB go with a whole core, one delivery in fifty that needs a second attempt. Prices are
dated there.
"""

import argparse
import contextlib
import io
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from bench.batches import RATES, Gathered, gathered
from bench.delivery_cpu import ROOT, Bench, opened_bench
from bench.metering import Meter, size_of
from grantwire.models import Exchange, HttpResponse, Timings
from grantwire.observability import logger
from grantwire.stores import clients
from tests.functional.conftest import load_handler

PRICES: Final = json.loads((Path(__file__).parent / "prices.json").read_text())
ASSUMED: Final = PRICES["assumed"]
MILLION: Final = 1_000_000
GB: Final = 1e9
SMALL_MB, LARGE_MB = 256, 512  # SenderMemory's default, and what batches, the sweep and the API have
MINUTES_OF_A_MONTH: Final = 43_800
BATCH: Final = 10
TARGET, IDLE_TARGET = 3.50, 1.00
POLLERS: Final = "the pollers of redeliver's queue"
ALLOWED_FOR: Final = ("the sweep's runs", POLLERS)  # within AWS's allowances of every month


@dataclass(frozen=True)
class Counted:
    """What is billed of one thing, on average."""

    calls: Mapping[str, float]
    units: Mapping[str, float]
    log_bytes: float
    stored_bytes: float
    cpu_ms: float

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(
            _sum(self.calls, other.calls),
            _sum(self.units, other.units),
            self.log_bytes + other.log_bytes,
            self.stored_bytes + other.stored_bytes,
            self.cpu_ms + other.cpu_ms,
        )

    def times(self, share: float) -> "Counted":
        """So much of it."""
        calls = {name: count * share for name, count in self.calls.items()}
        units = {name: count * share for name, count in self.units.items()}
        return Counted(calls, units, self.log_bytes * share, self.stored_bytes * share, self.cpu_ms * share)

    def called(self, service: str) -> float:
        """How many calls to a service."""
        return sum(count for name, count in self.calls.items() if name.startswith(f"{service} "))


def _sum(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in one.keys() | other.keys()}


def waited_ms(counted: Counted) -> float:
    """Calls one after the other, and the receiver's answer."""
    calls = counted.called("dynamodb") * ASSUMED["dynamodb_call_ms"] + counted.called("sqs") * ASSUMED["sqs_call_ms"]
    return float(calls + ASSUMED["receiver_ms"])


def cpu_ms(counted: Counted, memory_mb: int) -> float:
    """As long as it takes with the share of a core that Lambda gives."""
    return float(counted.cpu_ms * ASSUMED["mb_of_a_core"] / memory_mb)


def bill(
    counted: Counted, memory_mb: int, *, invocations: float, billed_ms: float, sqs_requests: float
) -> dict[str, float]:
    """Dollars for a million of it, by what they are paid for. `sqs_requests`: AWS's own on our queues, too."""
    logs, table = PRICES["logs"], PRICES["dynamodb"]
    log_gb, stored_gb = counted.log_bytes / GB, counted.stored_bytes / GB
    months = ASSUMED["event_kept_days"] / 30
    per_one = {
        "Lambda, requests": invocations * PRICES["lambda"]["million_requests"] / MILLION,
        "Lambda, duration": billed_ms / 1000 * memory_mb / 1024 * PRICES["lambda"]["gb_second_arm64"],
        "DynamoDB, writes": counted.units.get("write", 0) * table["million_write_units"] / MILLION,
        "DynamoDB, reads": counted.units.get("half reads", 0) / 2 * table["million_read_units"] / MILLION,
        "SQS": sqs_requests * PRICES["sqs"]["million_requests"] / MILLION,
        "KMS": counted.called("kms") * PRICES["kms"]["ten_thousand_requests"] / 10_000,
        "logs, taken in": log_gb * logs["gb_ingested"],
        "kept (logs 30 days, rows 90)": log_gb * logs["gb_month"]
        + stored_gb * months * (table["gb_month"] + table["backup_gb_month"]),
    }
    return {name: dollars * MILLION for name, dollars in per_one.items()}


@dataclass
class Account:
    """The handlers on moto, metered."""

    bench: Bench
    handlers: dict[str, Callable[..., Any]]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(MILLION)))

    def event(self) -> dict[str, Any]:
        """A request event that has not been yet."""
        base = json.loads((ROOT / "events/request_created.json").read_text())
        given: dict[str, Any] = base | {"detail": base["detail"] | {"event_time": 1_795_000_000 + next(self.numbers)}}
        return given

    def batch(self) -> dict[str, Any]:
        """Ten of them, as SQS hands them over."""
        return {"Records": [{"messageId": "m", "body": json.dumps(self.event())} for _ in range(BATCH)]}

    def count(self, function: str, inputs: Sequence[Any], *, per_input: int = 1) -> Counted:
        """What each of the `per_input` things in an input costs: half of the inputs are metered, the others timed."""
        half = len(inputs) // 2
        things, output, before = half * per_input, io.StringIO(), self._stored()
        meter = Meter(self.bench.aws.dynamodb)
        meter.watch(clients.dynamodb(), clients.sqs(), clients.kms())
        with contextlib.redirect_stdout(output), logged_to(output):
            self._handle(function, inputs[:half])
        meter.stop()
        stored = self._stored() - before
        with contextlib.redirect_stdout(io.StringIO()):
            cpu_ms = min(self._timed(function, part) for part in _thirds(inputs[half:])) / per_input
        log_bytes = len(output.getvalue().encode()) + half * ASSUMED["platform_log_bytes"]
        whole = Counted(_floats(meter.calls), _floats(meter.units), log_bytes, stored, 0.0).times(1 / things)
        return replace(whole, cpu_ms=cpu_ms)

    def _timed(self, function: str, inputs: Sequence[Any]) -> float:
        """CPU of one input in ms."""
        started = time.process_time()
        self._handle(function, inputs)
        return (time.process_time() - started) * 1000 / len(inputs)

    def retried(self, count: int) -> tuple[Counted, Counted]:
        """What a delivery costs that is answered 503 at first: in dispatch, and in redeliver."""
        invoker = self.handlers["dispatch"].__globals__["dispatcher"]().deliverer.invoker
        sender = invoker.sender
        object.__setattr__(invoker, "sender", Refusing())
        try:
            first = self.count("dispatch", [self.event() for _ in range(count)])
        finally:
            object.__setattr__(invoker, "sender", sender)
        return first, self.count("redeliver", self._wakeups())

    def _handle(self, function: str, inputs: Sequence[Any]) -> None:
        context = SimpleNamespace(aws_request_id="bench", get_remaining_time_in_millis=lambda: 120_000)
        for one in inputs:
            self.handlers[function](one, context)

    def _rows(self) -> list[dict[str, Any]]:
        name = self.bench.template.names["DeliveriesTable"]
        pages = self.bench.aws.dynamodb.get_paginator("scan").paginate(TableName=name)
        return [row for page in pages for row in page["Items"]]

    def _stored(self) -> int:
        """Bytes that DynamoDB bills: 100 more than each row's own."""
        return sum(size_of(row) + 100 for row in self._rows())

    def _wakeups(self) -> list[dict[str, Any]]:
        """A batch of one for each delivery that waits, made due."""
        name, found = self.bench.template.names["DeliveriesTable"], []
        for row in self._rows():
            if row.get("state") == {"S": "waiting"}:
                self.bench.aws.dynamodb.put_item(TableName=name, Item=row | {"due_at": {"N": "1000"}})
                body = json.dumps([row["pk"]["S"], row["sk"]["S"], int(row["attempt_count"]["N"])])
                found.append({"Records": [{"messageId": "m", "body": body}]})
        return found


@contextlib.contextmanager
def logged_to(output: io.StringIO) -> Iterator[None]:
    """The logger goes on with the stream that it was made with, whatever standard output is."""
    [handler] = [one for one in logger()._logger.handlers if isinstance(one, logging.StreamHandler)]
    before = handler.setStream(output)
    try:
        yield
    finally:
        handler.setStream(before)


class Refusing:
    """A way out at whose end somebody is busy."""

    def send(self, request: Any, *, timeout_seconds: float) -> Exchange:
        response = HttpResponse(status=503, headers=(), body=b"{}", truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address="127.0.0.1")


def _thirds(inputs: Sequence[Any]) -> list[Sequence[Any]]:
    """The fastest of which is the least disturbed by whatever else this machine does."""
    size = max(1, len(inputs) // 3)
    return [inputs[start : start + size] for start in range(0, size * min(3, len(inputs)), size)]


def _floats(counter: Counter[str]) -> dict[str, float]:
    return {name: float(count) for name, count in counter.items()}


@dataclass(frozen=True)
class Shape:
    """Dollars for a million deliveries by part, and the milliseconds that are billed for each."""

    parts: dict[str, float]
    billed_ms: float

    @property
    def total(self) -> float:
        """Without what is kept, which is paid by the month."""
        return sum(dollars for part, dollars in self.parts.items() if not part.startswith("kept"))


@dataclass(frozen=True)
class Shapes:
    """The ways an event can go; and by way of batches, at so many events a second, with the batches that those make."""

    full: dict[str, Shape]
    at: dict[int, tuple[Gathered, Shape]]


def shapes(account: Account, count: int) -> Shapes:
    """The two ways an event can go, one delivery in fifty tried again, and what a single refused one costs."""
    share = ASSUMED["retried_share"]
    first = account.count("dispatch", [account.event() for _ in range(count)])
    batched = account.count("dispatch", [account.batch() for _ in range(max(2, count // BATCH))], per_input=BATCH)
    refused, again = account.retried(count)
    retries, retry_sqs = refused.times(share) + again.times(share), 3.0  # a wake-up is sent, received and deleted

    def direct(memory_mb: int) -> Shape:
        taken, retried = (waited_ms(one) + cpu_ms(one, memory_mb) for one in (first, again))
        parts = bill(
            first.times(1 - share) + retries,
            memory_mb,
            invocations=1 + share,
            billed_ms=taken + share * retried,
            sqs_requests=share * retry_sqs,
        )
        return Shape(parts, taken)

    def in_batches(memory_mb: int, size: float) -> Shape:
        taken = waited_ms(first) / size + cpu_ms(batched, memory_mb)  # all of a batch wait side by side
        retried = waited_ms(again) + cpu_ms(again, memory_mb)
        parts = bill(
            batched.times(1 - share) + retries,
            memory_mb,
            invocations=1 / size + share,
            billed_ms=taken + share * retried,
            sqs_requests=1 + 2 / size + share * retry_sqs,
        )
        return Shape(parts, taken)

    taken = sum(waited_ms(one) + cpu_ms(one, SMALL_MB) for one in (refused, again))
    twice = bill(refused + again, SMALL_MB, invocations=2, billed_ms=taken, sqs_requests=retry_sqs)
    full = {
        "direct": direct(SMALL_MB),
        "direct, 512 MB": direct(LARGE_MB),
        "in batches of ten, 512 MB": in_batches(LARGE_MB, BATCH),
        "each one refused at first": Shape(twice, taken),
    }
    made = {rate: gathered(rate) for rate in RATES}
    return Shapes(full, {rate: (one, in_batches(LARGE_MB, one.size)) for rate, one in made.items()})


def idle(account: Account, template: Mapping[str, Any]) -> dict[str, float]:
    """Dollars a month when nothing comes, without batches: those have a queue of their own, polled as the other is."""
    run = account.count("sweep", [{}] * 20)
    ms = waited_ms(run) - ASSUMED["receiver_ms"] + cpu_ms(run, LARGE_MB)
    parts = bill(run, LARGE_MB, invocations=1, billed_ms=ms, sqs_requests=0)
    swept = {name: dollars / MILLION * MINUTES_OF_A_MONTH for name, dollars in parts.items()}
    runs = sum(dollars for name, dollars in swept.items() if name.startswith("Lambda"))
    kinds = Counter(one["Type"] for one in template["Resources"].values())
    metrics = 2  # Swept and OverdueSeconds; the others cost when something comes
    return {
        "the sweep's runs": runs,
        "the sweep's reads and logs": sum(swept.values()) - runs,
        "the key": kinds["AWS::KMS::Key"] * PRICES["kms"]["key_month"],
        "alarms beyond ten": max(0, kinds["AWS::CloudWatch::Alarm"] - PRICES["free"]["alarms"])
        * PRICES["cloudwatch"]["alarm_month"],
        "metrics beyond ten": max(0, metrics - PRICES["free"]["metrics"]) * PRICES["cloudwatch"]["metric_month"],
        POLLERS: 5 * MINUTES_OF_A_MONTH * 3 / MILLION * PRICES["sqs"]["million_requests"],
    }


def beside() -> dict[str, float | None]:
    """Dollars for a million deliveries a month by other means."""
    durable, events = PRICES["durable_functions"], PRICES["eventbridge"]
    compute = ASSUMED["receiver_ms"] / 1000 * SMALL_MB / 1024 * PRICES["lambda"]["gb_second_arm64"] * MILLION
    operations = 3 * durable["million_operations"]  # begin, the step that sends, the end
    found: dict[str, float | None] = {
        "EventBridge API destinations (no log, no replay, 24 h, 5 s)": events["million_api_destination_calls"],
        "a durable function for each delivery": compute
        + operations
        + PRICES["lambda"]["million_requests"]
        + 3e3 * MILLION / GB * durable["gb_written"],
    }
    for name, price in PRICES["others_per_million"].items():
        more = price["per_million_more"]
        found[name] = price["month"] + (more or 0)
    return found


@contextlib.contextmanager
def opened() -> Iterator[Account]:
    """The handlers, wired and warm, on moto's server."""
    with opened_bench() as bench:
        handlers = {"dispatch": bench.handler}
        for name in ("redeliver", "sweep"):
            logical_id = f"{name.capitalize()}Function"
            os.environ |= bench.template.function(logical_id).environment
            handlers[name] = load_handler(name).handler
        account = Account(bench, handlers)
        with contextlib.redirect_stdout(io.StringIO()):
            account._handle("dispatch", [account.event() for _ in range(10)])
            account._handle("sweep", [{}])
        yield account


def measured(count: int) -> dict[str, Any]:
    """Everything, as plain data."""
    with opened() as account:
        found = shapes(account, count)
        month = idle(account, account.bench.template.content)
    return {
        "parts": {name: shape.parts for name, shape in found.full.items()},
        "totals": {name: shape.total for name, shape in found.full.items()},
        "billed_ms": {name: shape.billed_ms for name, shape in found.full.items()},
        "batches": {
            rate: {"size": one.size, "mean_s": one.mean_seconds, "p99_s": one.p99_seconds, "dollars": shape.total}
            for rate, (one, shape) in found.at.items()
        },
        "idle": month,
        "beside": beside(),
        "prices": PRICES["date"],
    }


def main() -> None:
    """Print the bill."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=60)
    figures = measured(arguments.parse_args().events)
    for name, parts in figures["parts"].items():
        print(f"{name}: ${figures['totals'][name]:.2f} a million, {figures['billed_ms'][name]:.0f} ms billed for each")
        for part, dollars in parts.items():
            print(f"    {part:36} {dollars:6.2f}")
    for rate, one in figures["batches"].items():
        waits = f"waits {one['mean_s']:.2f} s on average, p99 {one['p99_s']:.2f} s"
        print(f"batches at {rate} a second: {one['size']:.1f} events, {waits}, ${one['dollars']:.2f} a million")
    verdict = "met" if figures["totals"]["direct"] <= TARGET else "MISSED"
    print(f"target, direct: ≤ ${TARGET:.2f}: {verdict}")
    for part, dollars in figures["idle"].items():
        print(f"    {part:36} {dollars:6.2f} a month")
    total = sum(figures["idle"].values())
    print(f"the pollers of the events' queue, with batches: {figures['idle'][POLLERS]:.2f} a month more")
    print(f"idle: ${total:.2f} a month (target ≤ ${IDLE_TARGET:.2f}: {'met' if total <= IDLE_TARGET else 'MISSED'})")
    for name, dollars in figures["beside"].items():
        print(f"    {name:60} {dollars:8.2f} a million")


if __name__ == "__main__":
    main()
