"""A deployed Grantwire in simulated time: Lambda, SQS, a schedule, people, and our own code between them."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from types import ModuleType
from typing import Any, Final

from grantwire import circuits, delivering, dispatching, pacing, redelivering, replaying, request_events, sweeping
from grantwire.configurations import parse_webhook
from grantwire.ending import Ender
from grantwire.errors import StoreError
from grantwire.health import HealthKeeper
from grantwire.invoking import Invoker
from grantwire.models import Header, RequestEvent, ResponseValidator, SealedSecret, Webhook
from grantwire.observability import clear_metrics, logger
from grantwire.redelivering import Wakeup
from tests import fakes
from tests.simulation.edited import edited
from tests.simulation.faults import DAY, HOUR, MINUTE, Faults
from tests.simulation.hub import Hub, Process, SimulatedExecutor, ViolationError
from tests.simulation.promises import BEGINNING, Known, Promises
from tests.simulation.receivers import SimulatedSender, receiver
from tests.simulation.unreliable import spoken, unreliable

QUIET_DAYS: Final = 16  # an event that cannot be stored is given up after 14 days, whatever is parked after an hour
AT_ONCE: Final = 2
MAX_EVENT_BYTES: Final = 2_000
DISPATCH_SECONDS, REDELIVER_SECONDS, SWEEP_SECONDS = 120.0, 90.0, 55.0  # the functions' timeouts in template.yaml
RETRY_SECONDS: Final = (MINUTE, 2 * MINUTE)  # Lambda's own, of an asynchronous event
VISIBILITY_SECONDS, MAX_RECEIVES = 540.0, 5  # of the queue of wake-ups in template.yaml
MOST_REDRIVES: Final = 20  # of one event, once nothing goes wrong any more
HOSTS: Final = ("a.example.com", "a.example.com", "b.example.com")
TRIGGERS: Final = ("RequestCreated", "RequestCreated", "RequestCreated", "RequestExpired")


@cache
def _quick_circuits() -> ModuleType:
    """Circuits that open after two attempts and give up after an hour: there are few receivers here, and many seeds."""
    return edited(
        circuits,
        ("FEWEST_ATTEMPTS: Final = 10", "FEWEST_ATTEMPTS: Final = 2"),
        ("GIVE_UP_SECONDS: Final = 4 * 86_400.0", "GIVE_UP_SECONDS: Final = 3_600.0"),
    )


@dataclass(frozen=True, kw_only=True)
class Code:
    """The modules that are simulated: the project's own, unless a mutant takes one's place."""

    fakes: Any = fakes
    delivering: Any = delivering
    dispatching: Any = dispatching
    redelivering: Any = redelivering
    replaying: Any = replaying
    sweeping: Any = sweeping
    pacing: Any = pacing
    circuits: Any = field(default_factory=_quick_circuits)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a seed came to. `violation`: the promise that was broken, and how; both empty when all held."""

    seed: int
    invariant: str
    violation: str
    lines: list[str]
    counts: Counter[str]


@dataclass
class Queue(fakes.FakeWakeups):
    """The queue of wake-ups, which hands each on."""

    sent: Callable[[Wakeup, float], None] = lambda *_: None

    def put(self, wakeup: Wakeup, delay_seconds: float) -> None:
        self.sent(wakeup, delay_seconds)


@dataclass
class Bus(fakes.FakeBus):
    """Our own events, looked at as they come."""

    heard: Callable[[str, Mapping[str, object]], None] = lambda *_: None

    def tell(self, what: str, facts: Mapping[str, object]) -> None:
        self.heard(what, facts)


@dataclass
class Webhooks(fakes.FakeWebhooks):
    """The table of webhooks; who asked for subscriptions has them noted, and who was switched off is known."""

    known: dict[str, Known] = field(default_factory=dict)
    note: Callable[[list[str]], None] = lambda _: None

    def subscriptions(self, trigger: str) -> Sequence[fakes.FakeSubscription]:
        found = super().subscriptions(trigger)
        self.note([one.webhook_id for one in found if one.active])
        return found

    def deactivate(self, webhook: Webhook, *, reason: str, now: float) -> bool:
        if not super().deactivate(webhook, reason=reason, now=now):
            return False
        self.known[webhook.id].switched(now, active=False)
        return True


@cache
def _template() -> Webhook:
    document = {
        "name": "Torq",
        "url": "https://hooks.example.com/wh",
        "body_template": '{"request": "{{data.id}}"}',
        "triggers": ["RequestCreated"],
    }
    return parse_webhook(document, webhook_id="wh", now=BEGINNING)


@dataclass
class World:
    """One seed's world."""

    seed: int
    code: Code = field(default_factory=Code)
    tracing: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.hub = Hub(BEGINNING, self.tracing)
        self.faults = Faults(self.random, BEGINNING)
        self.store = self.code.fakes.FakeDeliveries(
            max_event_bytes=MAX_EVENT_BYTES, on_change=self._changed, on_begin=self._begun
        )
        self.dead_letters: list[dict[str, Any]] = []
        self.redrives: Counter[str] = Counter()
        self.somebody_redrives = self.random.random() < 0.85
        self.sweep_at: float | None = None
        self.swept_at = 0.0
        self.receivers = {f"wh_{number}": receiver(self.random, BEGINNING) for number in range(self._few())}
        self.promises = Promises(self.hub, self.store, AT_ONCE, self.faults.calm)
        self.promises.outage_seconds = self.faults.quiet_at - BEGINNING
        self.queue = Queue(sent=self._sent)
        self.webhooks = Webhooks(
            known=self.promises.webhooks, note=lambda found: self.hub.process.notes.update(wanted=found)
        )
        self._wire()
        self._plan()

    def _few(self) -> int:
        return self.random.choice((1, 1, 2, 3, 4))

    # The project's code, put together as wiring.py does ---------------------------------------------------------------
    def _wire(self) -> None:
        code, clock = self.code, self.hub.clock
        store, self.circuits = self._unreliable(self.store, "table"), code.fakes.FakeCircuits()
        circuits = self._unreliable(self.circuits, "table")
        self.paces = self.promises.paces = code.fakes.FakePaces()
        wakeups = self._unreliable(self.queue, "queue")
        jobs = fakes.FakeJobs()
        self.senders = [self._container(store, circuits, wakeups) for _ in range(self.random.choice((1, 2, 3)))]
        ender = Ender(rows=store, bus=self._unreliable(Bus(heard=self.promises.told), "bus"))
        self.sweeper = code.sweeping.Sweeper(
            rows=store,
            wakeups=wakeups,
            ender=ender,
            jobs=jobs,
            steps=self.queue,
            clock=clock,
            random=self.random.random,
        )
        webhook = self._unreliable(self.webhooks, "webhooks").readable
        self.keeper = code.circuits.CircuitKeeper(
            records=circuits, rows=store, wakeups=wakeups, ender=ender, webhook=webhook, clock=clock
        )
        self.replayer = code.replaying.Replayer(rows=store, jobs=jobs, wakeups=wakeups, steps=self.queue, clock=clock)

    def _container(self, store: Any, circuits: Any, wakeups: Any) -> tuple[Any, Any]:
        """What sends, in one container: it remembers what it knew of circuits. A dispatcher and a redeliverer."""
        code, clock = self.code, self.hub.clock
        webhooks = self._unreliable(self.webhooks, "webhooks")
        sender = SimulatedSender(self.receivers, self.hub, self.faults, self.promises.posted)
        bus = self._unreliable(Bus(heard=self.promises.told), "bus")
        deliverer = code.delivering.Deliverer(
            invoker=Invoker(sender=sender, secrets=self._unreliable(fakes.FakeSecrets(), "key"), clock=clock),
            deliveries=store,
            wakeups=wakeups,
            ender=Ender(rows=store, bus=bus),
            health=HealthKeeper(records=webhooks, bus=bus, clock=clock, disable_after_days=1),
            circuits=code.circuits.Circuits(records=circuits, clock=clock),
            pacer=code.pacing.Pacer(records=self._unreliable(self.paces, "table"), clock=clock, sleep=self.hub.pause),
            clock=clock,
            random=self.random.random,
        )
        dispatcher = code.dispatching.Dispatcher(
            webhooks=webhooks,
            events=store,
            dead_letters=fakes.FakeDeadLetters(),
            deliverer=deliverer,
            executor=SimulatedExecutor(self.hub, lambda: self.random.random() / 100),
            at_once=AT_ONCE,
        )
        return dispatcher, code.redelivering.Redeliverer(
            rows=store, webhooks=webhooks, deliverer=deliverer, clock=clock
        )

    def _unreliable(self, inner: Any, service: str) -> Any:
        return unreliable(inner, service, self.hub, self.faults)

    # What happens, and when -------------------------------------------------------------------------------------------
    def _plan(self) -> None:
        for webhook_id in self.receivers:
            self._plan_webhook(webhook_id)
        for number in range(self._few()):
            raw = self._event(number)
            moment = BEGINNING + self.random.choice((MINUTE, HOUR, 6 * HOUR)) * self.random.random()
            self.hub.at(moment, partial(self._invoke_dispatch, raw, 0))
            if self.random.random() < 0.2:  # EventBridge delivers it twice
                self.hub.at(moment + 30.0 * self.random.random() ** 3, partial(self._invoke_dispatch, raw, 0))

    def _plan_webhook(self, webhook_id: str) -> None:
        chance = self.random
        validator = ResponseValidator(json_path="$.data.status", expected_values=("accepted",))
        secret = Header(name="X-Secret", value=SealedSecret("terces"))
        webhook = replace(
            _template(),
            id=webhook_id,
            url=f"https://{chance.choice(HOSTS)}/{webhook_id}",
            headers=(secret,) if chance.random() < 0.3 else (),
            response_validators=(validator,) if self.receivers[webhook_id].script == "refuses" else (),
            triggers=(chance.choice(TRIGGERS),),
            timeout_seconds=chance.choice((5.0, 30.0)),
            max_attempts=chance.choice((1, 2, 5, 11, 11, 11)),
            deliveries_per_second=chance.choice((None, None, None, 0.01, 0.3)),
            active=chance.random() > 0.1,
            version=1,
        )
        self.webhooks.webhooks[webhook_id] = webhook
        self.promises.webhooks[webhook_id] = Known(webhook)
        self.promises.webhooks[webhook_id].switched(BEGINNING, active=webhook.active)
        for _ in range(chance.choice((0, 0, 0, 0, 1, 2))):
            self.hub.at(self._some_time(), partial(self._change_webhook, webhook_id))
        for _ in range(chance.choice((0, 0, 0, 1))):
            self.hub.at(self._some_time(), partial(self._replay, webhook_id))

    def _some_time(self) -> float:
        """Soon after the beginning more often than later, and not once all is quiet."""
        return BEGINNING + (self.faults.quiet_at - BEGINNING) * self.random.random() ** 3

    def _event(self, number: int) -> dict[str, Any]:
        trigger = self.random.choice(TRIGGERS)
        junk = "".join(self.random.choices("0123456789abcdef", k=6_000)) if self.random.random() < 0.1 else ""
        data = {"id": f"request-{number}", "junk": junk}
        detail = {"event_time": BEGINNING + number, "data": data}
        raw = {"id": f"event-{number}", "detail-type": trigger, "detail": detail}
        event = request_events.parse(raw)
        assert event is not None
        self.promises.events[f"request-{number}"] = event
        self.promises.storable[event.id] = not junk
        return raw

    def _change_webhook(self, webhook_id: str) -> None:
        """Somebody switches a webhook off or on, or deletes it."""
        known, draw = self.promises.webhooks[webhook_id], self.random.random()
        if draw < 0.2:
            self.webhooks.webhooks.pop(webhook_id, None)
            known.was_deleted = True
            known.switched(self.hub.now, active=False)
        elif not known.was_deleted:
            self.webhooks.switch(webhook_id, active=draw < 0.6)
            known.switched(self.hub.now, active=draw < 0.6)
        self.hub.trace(f"a person changes {webhook_id} to {spoken(self.webhooks.get(webhook_id))}")

    def _replay(self, webhook_id: str) -> None:
        """Somebody replays a delivery of the webhook, whether it has ended or not; at times two people do at once."""
        rows = [row.delivery for key, row in sorted(self.store.rows.items()) if key[0] == webhook_id]
        if rows:
            delivery = self.random.choice(rows)
            for _ in range(self.random.choice((1, 1, 2))):
                self._start("operate", lambda: self.replayer.replay(delivery), MINUTE, lambda _: None)

    # Lambda -----------------------------------------------------------------------------------------------------------
    def _start(
        self, name: str, function: Callable[[], object], seconds: float, ended: Callable[[BaseException | None], None]
    ) -> Process:
        def over(error: BaseException | None) -> None:
            clear_metrics()
            if isinstance(error, Exception) and not isinstance(error, StoreError):
                raise ViolationError("our own faults are StoreErrors", repr(error)) from error
            ended(error)

        self.counts[name] += 1
        process = Process(f"{name} {self.counts[name]}", over, skew=self.random.uniform(-0.5, 0.5))
        self.hub.start(process, function, seconds=seconds)
        return process

    def _invoke_dispatch(self, raw: dict[str, Any], retries: int) -> None:
        event = self.promises.events[raw["detail"]["data"]["id"]]

        def ended(error: BaseException | None) -> None:
            if error is None:
                self.promises.dispatched(process.notes["wanted"], event)
            elif retries < len(RETRY_SECONDS):
                self.hub.at(self.hub.now + RETRY_SECONDS[retries], partial(self._invoke_dispatch, raw, retries + 1))
            else:
                self._give_up(raw, event)

        def dispatch() -> None:
            self.hub.trace(f"event {event.id[:8]}, time {retries + 1}")
            dispatcher.dispatch(raw, seconds_left=lambda: begun + DISPATCH_SECONDS - self.hub.now)

        begun, (dispatcher, _) = self.hub.now, self.random.choice(self.senders)
        process = self._start("dispatch", dispatch, DISPATCH_SECONDS, ended)

    def _give_up(self, raw: dict[str, Any], event: RequestEvent) -> None:
        """The event goes to the dead-letter queue; whoever is on call re-drives it, sooner or later, if anybody is."""
        self.hub.trace("to the dead letters")
        self.redrives[event.id] += self.faults.quiet(self.hub.now)
        if not self.somebody_redrives:
            self.dead_letters.append(raw)
        elif self.redrives[event.id] > MOST_REDRIVES:
            raise ViolationError("it ends", f"{event.id} comes back to the dead letters for ever")
        else:
            wait = HOUR if self.faults.quiet(self.hub.now) else self.random.choice((10 * MINUTE, HOUR, DAY))
            self.hub.at(self.hub.now + wait, partial(self._invoke_dispatch, raw, 0))

    def _sent(self, wakeup: Wakeup, delay: float) -> None:
        """A wake-up sets out; it arrives once, or never, twice, late or early."""
        self.promises.woken((wakeup.webhook_id, wakeup.sort_key), wakeup.attempts)
        for one in self.faults.message_delays(self.hub.now, delay):
            self.hub.at(self.hub.now + one, partial(self._receive, wakeup, 1))

    def _receive(self, wakeup: Wakeup, receives: int) -> None:
        def ended(error: BaseException | None) -> None:
            if error and receives < MAX_RECEIVES:
                self.hub.at(begun + VISIBILITY_SECONDS, partial(self._receive, wakeup, receives + 1))

        begun, (_, redeliverer) = self.hub.now, self.random.choice(self.senders)

        def redeliver() -> None:
            redeliverer.redeliver(wakeup, seconds_left=lambda: begun + REDELIVER_SECONDS - self.hub.now)

        self._start("redeliver", redeliver, REDELIVER_SECONDS, ended)

    def _sweep(self, moment: float) -> None:
        if moment != self.sweep_at:
            return
        self.sweep_at, self.swept_at = None, moment
        missed, twice = self.random.random(), self.random.random()
        if not self.faults.quiet(moment) and missed < self.faults.lost:
            self.hub.trace("a sweep is missed")
            return
        for _ in range(2 if not self.faults.quiet(moment) and twice < self.faults.twice else 1):
            self._start("sweep", self._sweep_once, SWEEP_SECONDS, lambda _: None)

    def _sweep_once(self) -> None:
        self.hub.process.notes["minute"] = self.swept_at
        self.keeper.look_after(has_time=lambda: True)
        self.sweeper.sweep(has_time=lambda: True)

    # Between the steps ------------------------------------------------------------------------------------------------
    def _changed(self, what: str, before: Any, after: Any) -> None:
        self.counts[what] += 1
        self.promises.changed(what, before, after)

    def _begun(self, webhook_id: str, event: RequestEvent) -> None:
        self.promises.first_begun(webhook_id, event)

    def _after_each(self) -> None:
        """The schedule's next run that has something to do. One that finds nothing does nothing: it is left out."""
        dues = [row.delivery.sweep_at for row in self.store.rows.values() if row.delivery.sweep_at]
        dues += [0.0 if circuit.draining else circuit.probe_at for circuit in self.circuits.circuits.values()]
        due = min(dues, default=None)
        if due is not None:
            minute = max(-(-due // MINUTE) * MINUTE, self.swept_at + MINUTE, -(-self.hub.now // MINUTE) * MINUTE)
            if self.sweep_at is None or minute < self.sweep_at:
                self.sweep_at = minute
                self.hub.at(minute, partial(self._sweep, minute))

    def run(self) -> Seen:
        """Everything happens, and every promise is looked at."""
        invariant = violation = ""
        try:
            self.hub.run(self.faults.quiet_at + QUIET_DAYS * DAY, self._after_each)
            self.promises.at_the_end({request_events.parse(raw).id for raw in self.dead_letters})  # type: ignore[union-attr]
        except ViolationError as broken:
            invariant, violation = broken.invariant, str(broken)
        return Seen(seed=self.seed, invariant=invariant, violation=violation, lines=self.hub.lines, counts=self.counts)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No log lines and no metrics: writing them would take longer than everything else."""
    level = logger().log_level
    logger().setLevel("CRITICAL")
    clear_metrics()
    try:
        yield
    finally:
        logger().setLevel(level)
