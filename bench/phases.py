"""What each phase of a delivery takes, warm; how often connections are kept, and how many handshakes there are.

The real dispatch handler, its objects' methods wrapped by clocks: a phase's time is its own, without that of the phases
inside it. What botocore and urllib3 take within a phase is counted by itself: that is what a bare call and a bare POST
would take too. Waits for moto and for the receiver, which are processes of their own, are wall time and no CPU.
"""

import argparse
import contextlib
import io
import json
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from bench.delivery_cpu import _SERVER, ROOT, Bench, process
from bench.receiving import Receivers, receivers

TARGET_RATIO: Final = 1.5
TARGET_REUSE: Final = 0.95
LIBRARIES: Final = "libraries"
CONNECT: Final = "connect"
FIFTY: Final = 50
FIRST_SECONDS, MORE_SECONDS = 1.0, 0.2  # a receiver takes so long that all fifty are under way before one is answered
ONE_BY_ONE, FIRST_FIFTY, MORE_FIFTIES = "one by one", "fifty at once, first event", "fifty at once, twenty more"
SIGNING: Final = {"kind": "standard_webhooks"}


@dataclass
class _Frame:
    phase: str
    library: bool
    cpu: float = 0.0  # of what is inside
    wall: float = 0.0


@dataclass
class Ledger:
    """CPU and wall seconds by (phase, whether a library's), and how many connections were new."""

    cpu: defaultdict[tuple[str, bool], float] = field(default_factory=lambda: defaultdict(float))
    wall: defaultdict[tuple[str, bool], float] = field(default_factory=lambda: defaultdict(float))
    exchanges: Counter[str] = field(default_factory=Counter)
    _frames: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Begin anew."""
        for one in (self.cpu, self.wall, self.exchanges):
            one.clear()

    def rows(self, count: int) -> dict[str, dict[str, float]]:
        """CPU and wall ms of each of `count` by phase, and how much of the CPU was the libraries'."""
        return {
            phase: {
                "cpu": (self.cpu[phase, False] + self.cpu[phase, True]) / count * 1000,
                "libraries": self.cpu[phase, True] / count * 1000,
                "wall": (self.wall[phase, False] + self.wall[phase, True]) / count * 1000,
            }
            for phase in dict.fromkeys(phase for phase, _ in list(self.cpu))
        }

    def timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted; LIBRARIES belong to the phase in which they are called."""

        @wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            frames: list[_Frame] = self._frames.__dict__.setdefault("stack", [])
            library = phase == LIBRARIES
            frame = _Frame(frames[-1].phase if library and frames else phase, library)
            frames.append(frame)
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
                frames.pop()
                if frames:
                    frames[-1].cpu += cpu
                    frames[-1].wall += wall
                self._add(frame, cpu - frame.cpu, wall - frame.wall)

        return wrapper

    def _add(self, frame: _Frame, cpu: float, wall: float) -> None:
        with self._lock:
            self.cpu[frame.phase, frame.library] += cpu
            self.wall[frame.phase, frame.library] += wall

    def noting(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """Egress.send, each exchange counted as over a new or a kept connection."""

        def wrapper(*arguments: Any, **named: Any) -> Any:
            exchange = send(*arguments, **named)
            with self._lock:
                self.exchanges["new" if exchange.timings.tls is not None else "kept"] += 1
            return exchange

        return wrapper


def _places(handler: Callable[..., Any]) -> Iterator[tuple[str, Any, str]]:
    """Phase, owner, and the name of what is timed there."""
    from botocore.client import BaseClient
    from urllib3.connectionpool import HTTPConnectionPool

    from grantwire import (
        circuits,
        dispatching,
        egress,
        health,
        invoking,
        judging,
        pacing,
        reporting,
        signing,
        validators,
    )
    from grantwire.stores.deliveries import DeliveryStore
    from grantwire.stores.events import EventStore
    from grantwire.stores.webhooks import WebhookStore

    yield "load", WebhookStore, "subscriptions"
    yield "match", dispatching.Dispatcher, "_wanting"
    yield "keep the event", EventStore, "keep_event"
    for name in ("is_open", "attempted"):
        yield "circuit, pace", circuits.Circuits, name
    for name in ("turn", "attempted"):
        yield "circuit, pace", pacing.Pacer, name
    yield "open secrets", invoking.Invoker, "open_secrets"
    yield "render", invoking, "render"
    yield "sign", signing, "signed"
    yield CONNECT, egress._CheckedConnection, "connect"
    yield "send", egress.Egress, "send"
    yield "judge", validators, "judge"
    yield "judge", judging, "judge"
    yield "record", DeliveryStore, "record_new"
    yield "health", health.HealthKeeper, "attempted"
    yield "log, metrics", reporting, "attempted"
    yield "log, metrics", _Functions(handler.__globals__), "write_metrics"
    yield LIBRARIES, BaseClient, "_make_api_call"
    yield LIBRARIES, HTTPConnectionPool, "urlopen"


class _Functions:
    """A module of which only its names are at hand."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__ = names


class Warm:
    """The handler under measurement: one webhook with a receiver of its own, FIFTY that share another."""

    def __init__(self, there: Receivers) -> None:
        self.there = there
        self.bench = Bench(there.urls[0], there.ca_file, signing=SIGNING, triggers=["RequestCreated"])
        for number in range(FIFTY):
            facts = {"name": f"Torq {number}", "triggers": ["RequestGranted"], "signing": SIGNING}
            self.bench.store_webhook(there.urls[1], f"wh_{number}", **facts)
        self.ledger = Ledger()
        self._number = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Every phase is timed while entered."""
        from grantwire.egress import Egress

        with ExitStack() as stack:
            for phase, owner, name in _places(self.bench.handler):
                stack.enter_context(mock.patch.object(owner, name, self.ledger.timed(phase, getattr(owner, name))))
            stack.enter_context(mock.patch.object(Egress, "send", self.ledger.noting(Egress.send)))
            yield

    def events(self, name: str, count: int) -> Iterator[dict[str, Any]]:
        """Events of a file, no two of them the same."""
        event = json.loads((ROOT / f"events/{name}.json").read_text())
        for _ in range(count):
            self._number += 1
            yield event | {"detail": event["detail"] | {"event_time": 1796000000 + self._number}}

    def deliver(self, name: str, count: int, *, afresh: bool = False) -> tuple[float, float]:
        """CPU and wall seconds of one event; `afresh`: each over a new connection."""
        context = SimpleNamespace(aws_request_id="bench", get_remaining_time_in_millis=lambda: 120_000)
        events = list(self.events(name, count))
        self.bench.fresh_deliveries()
        self.ledger.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            cpu, wall = time.process_time(), time.perf_counter()
            for event in events:
                if afresh:
                    self._close()
                self.bench.handler(event, context)
        return (time.process_time() - cpu) / count, (time.perf_counter() - wall) / count

    def phases(self, count: int) -> dict[str, dict[str, float]]:
        """CPU and wall ms of one delivery by phase, kept connections; `rest` is what no phase has."""
        cpu, wall = self.deliver("request_created", count)
        spent = self.ledger.rows(count)
        rest = {
            "cpu": cpu * 1000 - sum(one["cpu"] for one in spent.values()),
            "libraries": 0.0,
            "wall": wall * 1000 - sum(one["wall"] for one in spent.values()),
        }
        return {**spent, "rest": rest}

    def connecting(self, count: int) -> dict[str, float]:
        """What DNS, TCP and TLS of a new connection take, in ms."""
        self.deliver("request_created", count, afresh=True)
        return self.ledger.rows(count)[CONNECT]

    def kept(self, count: int) -> dict[str, float]:
        """Connections of one delivery after the other to one host, from a process without connections."""
        self._close()
        return self._connections(0, "request_created", count)

    def fifties(self, count: int) -> dict[str, dict[str, float]]:
        """Connections of fifty deliveries at once to one host: of an event that finds none, and of more after it."""
        self._close()
        self.there.delay(1, FIRST_SECONDS)  # fifty handshakes take the longer part of it
        first = self._connections(1, "request_granted", 1)
        self.there.delay(1, MORE_SECONDS)
        return {FIRST_FIFTY: first, MORE_FIFTIES: self._connections(1, "request_granted", count)}

    def _close(self) -> None:
        self.bench.handler.__globals__["dispatcher"]().deliverer.invoker.sender.close()

    def _connections(self, index: int, name: str, count: int) -> dict[str, float]:
        before = self.there.handshakes(index)
        self.deliver(name, count)
        new, kept = self.ledger.exchanges["new"], self.ledger.exchanges["kept"]
        handshakes = self.there.handshakes(index) - before
        return {"deliveries": new + kept, "new": new, "handshakes": handshakes, "reuse": kept / (new + kept)}


def measured(count: int = 300) -> dict[str, Any]:
    """Everything, as plain data."""
    with process(_SERVER) as endpoint, receivers(2) as there:
        os.environ |= {"AWS_ENDPOINT_URL": endpoint, "PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": there.ca_file}
        os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
        warm = Warm(there)
        with warm.watched():
            warm.deliver("request_created", 20)  # wires the handler, and has Python specialise the code
            found = {"phases": warm.phases(count), CONNECT: warm.connecting(20)}
            return found | {ONE_BY_ONE: warm.kept(count)} | warm.fifties(20)


def ratio(phases: dict[str, dict[str, float]]) -> float:
    """CPU of a delivery to what botocore and urllib3 take of it."""
    return sum(one["cpu"] for one in phases.values()) / sum(one["libraries"] for one in phases.values())


def main() -> None:
    """Print the phases and the connections."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--deliveries", type=int, default=300)
    arguments.add_argument("--json", action="store_true", help="as data")
    given = arguments.parse_args()
    figures = measured(given.deliveries)
    if given.json:
        print(json.dumps(figures))
        return
    print(f"{'phase':16} {'CPU ms':>8} {'of it botocore, urllib3':>24} {'wall ms':>8}")
    for name, one in [*figures["phases"].items(), (f"{CONNECT}, once", figures[CONNECT])]:
        print(f"{name:16} {one['cpu']:8.3f} {one['libraries']:24.3f} {one['wall']:8.3f}")
    found = ratio(figures["phases"])
    print(f"{'ratio':16} {found:8.2f} (target ≤ {TARGET_RATIO}: {_met(found <= TARGET_RATIO)})")
    for name in (ONE_BY_ONE, FIRST_FIFTY, MORE_FIFTIES):
        one = figures[name]
        print(f"{name}: {one['deliveries']} deliveries, {one['handshakes']} handshakes, {one['reuse']:.1%} kept")
    for claim, holds in claims(figures).items():
        print(f"{claim}: {_met(holds)}")


def claims(figures: dict[str, Any]) -> dict[str, bool]:
    """What should hold of connections, and whether it does."""
    first, more = figures[FIRST_FIFTY], figures[MORE_FIFTIES]
    return {
        "one handshake for a host and a warm process, one delivery after the other": (
            figures[ONE_BY_ONE]["handshakes"] == 1
        ),
        "one handshake for a host and a warm process, fifty deliveries at the same moment": first["handshakes"] == 1,
        "fifty at the same moment open one connection each at most": first["handshakes"] <= first["deliveries"],
        "none is opened after that": more["handshakes"] == 0,
        f"of more such events more than {TARGET_REUSE:.0%} go over kept connections": more["reuse"] > TARGET_REUSE,
    }


def _met(holds: bool) -> str:
    return "met" if holds else "MISSED"


if __name__ == "__main__":
    main()
