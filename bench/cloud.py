"""Grantwire deployed, in simulated time: the project's own use cases, the queue, the schedule, containers, receivers.

Stores are in memory. Functions have containers, which run side by side and know of circuits what they saw; the
queue delays, and is read as `template.yaml` has it read; the sweep runs each minute.
"""

import contextlib
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any, Final

from grantwire import circuits
from grantwire.configurations import parse_webhook
from grantwire.delivering import Deliverer
from grantwire.ending import Ender
from grantwire.health import HealthKeeper
from grantwire.invoking import Invoker
from grantwire.models import (
    Exchange,
    Failure,
    FailureKind,
    HttpRequest,
    HttpResponse,
    RequestEvent,
    State,
    Timings,
    Webhook,
)
from grantwire.observability import clear_metrics
from grantwire.pacing import Pacer
from grantwire.redelivering import Redeliverer, Wakeup
from grantwire.samples import sample_payload
from grantwire.sweeping import Sweeper
from grantwire.urls import host_of
from tests.fakes import (
    FakeBus,
    FakeCircuits,
    FakeDeliveries,
    FakeJobs,
    FakePaces,
    FakeSecrets,
    FakeWakeups,
    FakeWebhooks,
    Row,
)
from tests.simulation.hub import Hub, Process, ViolationError

START: Final = 1_795_000_000.0
MINUTE, MOST = 60.0, 9 * 86_400.0  # simulated days, after which it is taken to go on for ever
BATCH, MOST_BATCHES, FUNCTION_SECONDS = 10, 100, 120.0  # of the functions and the queue in template.yaml
ANSWER_SECONDS: Final = 0.1


@dataclass
class Receiver:
    """Accepts what it `rejects` not, is dead for a while, and notes what it saw: by `webhook-id`, and when."""

    hub: Hub
    dead: tuple[float, float] = (0.0, 0.0)
    hangs: bool = False
    rejects: Callable[[str, int], bool] = lambda *_: False
    loses: Callable[[], bool] = lambda: False
    requests: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    arrivals: dict[str, float] = field(default_factory=dict)

    def post(self, name: str, timeout_seconds: float) -> Exchange:
        """What becomes of one request."""
        now = self.hub.now
        self.requests.append(now)
        self.asked[name] += 1
        if self.is_dead(now):
            self.hub.pause(timeout_seconds if self.hangs else 0.0)
            return _none(FailureKind.TIMEOUT if self.hangs else FailureKind.CONNECT)
        self.hub.pause(ANSWER_SECONDS)
        if self.rejects(name, self.asked[name]):
            return _answer(503)
        self.accepted[name] += 1
        self.arrivals.setdefault(name, now)
        return _none(FailureKind.TIMEOUT) if self.loses() else _answer(202)

    def is_dead(self, moment: float) -> bool:
        return self.dead[0] <= moment < self.dead[1]


def _none(kind: FailureKind) -> Exchange:
    return Exchange(response=None, failure=Failure(kind, kind), timings=Timings(), remote_address=None)


def _answer(status: int) -> Exchange:
    response = HttpResponse(status=status, headers=(), body=b"", truncated=False)
    return Exchange(response=response, failure=None, timings=Timings(), remote_address=None)


@dataclass
class Counted:
    """Stands for `inner`, and counts the calls to it."""

    inner: Any
    calls: Counter[str]

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self.inner, name)


@dataclass
class Queue(FakeWakeups):
    """Messages arrive after their delay, and are counted."""

    arrives: Callable[[Wakeup, float], None] = lambda *_: None
    sent: int = 0

    def put(self, wakeup: Wakeup, delay_seconds: float) -> None:
        self.sent += 1
        self.arrives(wakeup, delay_seconds)


@dataclass
class Function:
    """A Lambda function: an invocation takes the container that was used last, or starts another."""

    hub: Hub
    start: Callable[[], Redeliverer]
    idle: list[Redeliverer] = field(default_factory=list)
    running: int = 0
    most: int = 0

    def invoke(self, work: Callable[[Redeliverer], object], then: Callable[[], None] = lambda: None) -> None:
        """Runs side by side with the others; `then` is called when it has ended."""

        def ended(error: BaseException | None) -> None:
            if error:
                raise error
            self.running -= 1
            self.idle.append(container)
            then()

        container = self.idle.pop() if self.idle else self.start()
        self.running += 1
        self.most = max(self.most, self.running)
        self.hub.start(Process("invocation", ended), lambda: work(container), seconds=FUNCTION_SECONDS)


@dataclass
class Cloud:
    """Grantwire, deployed. `module` is `grantwire.circuits`, or a copy with a fault in it.

    calls   of the sweep, to tables, by their name
    ended   deliveries, by webhook and state
    parked  deliveries, by receiver
    probes  when each was sent
    heard   is told of each write to a row, and when each minute's sweep is over
    """

    chance: Callable[[], float]
    module: ModuleType = circuits
    hub: Hub = field(default_factory=lambda: Hub(START))
    receivers: dict[str, Receiver] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    probes: list[float] = field(default_factory=list)
    heard: Callable[[str, Row | None, Row | None], None] = lambda *_: None
    expected: int = 0

    def __post_init__(self) -> None:
        hub, calls = self.hub, self.calls
        self.rows, self.webhooks = FakeDeliveries(on_change=self._changed), FakeWebhooks()
        self.circuits, self.paces = FakeCircuits(), FakePaces()
        self.queue, self.messages = Queue(arrives=self._sent), deque[Wakeup]()
        self.dispatch, self.redeliver = Function(hub, self._container), Function(hub, self._container)
        rows, records = Counted(self.rows, calls), Counted(self.circuits, calls)
        webhook = partial(_call, Counted(self.webhooks, calls), "readable")
        ender = Ender(rows=rows, bus=FakeBus())
        self.keeper = self.module.CircuitKeeper(
            records=records, rows=rows, wakeups=self.queue, ender=ender, webhook=webhook, clock=hub.clock
        )
        jobs = Counted(FakeJobs(), calls)
        self.sweeper = Sweeper(
            rows=rows, wakeups=self.queue, ender=ender, jobs=jobs, steps=self.queue, clock=hub.clock, random=self.chance
        )

    def _container(self) -> Redeliverer:
        clock, rows = self.hub.clock, self.rows
        deliverer = Deliverer(
            invoker=Invoker(sender=self, secrets=FakeSecrets(), clock=clock),
            deliveries=rows,
            wakeups=self.queue,
            ender=Ender(rows=rows, bus=FakeBus()),
            health=HealthKeeper(records=self.webhooks, bus=FakeBus(), clock=clock, disable_after_days=5),
            circuits=self.module.Circuits(records=self.circuits, clock=clock),
            pacer=Pacer(records=self.paces, clock=clock, sleep=self.hub.pause),
            clock=clock,
            random=self.chance,
        )
        return Redeliverer(rows=rows, webhooks=self.webhooks, deliverer=deliverer, clock=clock)

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        """To whoever receives what is sent to the host."""
        return self.receivers[host_of(request.url)].post(dict(request.headers)["webhook-id"], timeout_seconds)

    def feed(self, name: str, receiver: Receiver, *, count: int, apart: float, **fields: object) -> None:
        """A webhook, its receiver, and its events: so many, so many seconds apart."""
        document = {
            "name": name,
            "active": True,
            "url": f"https://{name}.example.com/",
            "triggers": ["RequestCreated"],
            "body_template": '{"who": "{{data.requester.name}}"}',
        }
        webhook = parse_webhook(document | fields, webhook_id=f"wh_{name}", now=START, version=1)
        self.webhooks.webhooks[webhook.id] = webhook
        self.receivers[host_of(webhook.url)] = receiver
        self.expected += count
        self._feed_next(webhook, _events(count, apart))

    def _feed_next(self, webhook: Webhook, events: Iterator[RequestEvent]) -> None:
        def happen(event: RequestEvent) -> None:
            self.dispatch.invoke(partial(first, event))
            self._feed_next(webhook, events)

        def first(event: RequestEvent, container: Redeliverer) -> None:
            begun_at = container.deliverer.clock()
            self.rows.keep_event(event, ["wh"], now=begun_at)
            container.deliverer.deliver_first(webhook, event, begun_at=begun_at)

        if following := next(events, None):
            self.hub.at(following.time, partial(happen, following))

    def _sent(self, wakeup: Wakeup, delay_seconds: float) -> None:
        def arrive() -> None:
            self.messages.append(wakeup)
            self._receive()

        if wakeup.probe:
            self.probes.append(self.hub.now)
        self.hub.at(self.hub.now + delay_seconds, arrive)

    def _receive(self) -> None:
        """So many batches at a time, of what is in the queue; the messages of a batch side by side."""
        if self.messages and self.redeliver.running < MOST_BATCHES:
            batch = [self.messages.popleft() for _ in range(min(BATCH, len(self.messages)))]
            self.redeliver.invoke(partial(self._handle, batch), self._receive)

    def _handle(self, batch: Sequence[Wakeup], container: Redeliverer) -> None:
        futures = [self.hub.submit(partial(container.redeliver, wakeup), self.hub.now) for wakeup in batch]
        for future in futures:
            hash(future)  # waits for it
            future.result()

    def _changed(self, what: str, before: Row | None, after: Row) -> None:
        for row, change in ((before, -1), (after, 1)):
            if row and row.delivery.parked_for:
                self.parked[row.delivery.parked_for] += change
        if after.delivery.state in (State.SUCCEEDED, State.FAILED):
            self.ended[after.delivery.webhook_id, after.delivery.state] += 1
        self.heard(what, before, after)

    def _each_minute(self) -> None:
        self.keeper.look_after(has_time=lambda: True)
        self.sweeper.sweep(has_time=lambda: True)
        clear_metrics()
        self.heard("sweep", None, None)
        if self.ended.total() < self.expected or self.circuits.circuits:
            self.hub.at(self.hub.now + MINUTE, self._each_minute)

    def run(self) -> None:
        """Until every delivery has ended and no circuit is open, or for nine days."""
        self.hub.at(START + MINUTE, self._each_minute)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(ViolationError):  # metrics; it goes on
            self.hub.run(START + MOST, lambda: None)


def _call(inner: Any, name: str, *arguments: Any) -> Any:
    return getattr(inner, name)(*arguments)


def _events(count: int, apart: float) -> Iterator[RequestEvent]:
    payload = sample_payload("RequestCreated")
    for number in range(count):
        time_of_event = START + number * apart
        yield RequestEvent(id=f"evt_{number:032x}", trigger="RequestCreated", time=time_of_event, payload=payload)
