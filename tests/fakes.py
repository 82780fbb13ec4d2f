"""What the use cases are given instead of AWS: the same conditions, kept in memory.

`test_store_contract.py` holds FakeDeliveries against the real table, so that it cannot drift.
"""

import zlib
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grantwire.circuits import Circuit
from grantwire.health import Health
from grantwire.identifiers import moment
from grantwire.invoking import Invocation
from grantwire.models import Delivery, PlainSecret, RequestEvent, SealedSecret, State, Webhook
from grantwire.pacing import Pace
from grantwire.redelivering import Wakeup
from grantwire.replaying import ReplayJob
from grantwire.retrying import Next
from grantwire.stores.attempts import compressed
from grantwire.stores.deliveries import KEPT_ATTEMPTS, SHARDS
from grantwire.stores.events import MAX_EVENT_BYTES

Key = tuple[str, str]


@dataclass
class Row:
    """A delivery, what it came to last, and the code of each attempt."""

    delivery: Delivery
    code: str = ""
    reason: str = ""
    attempts: list[str] = field(default_factory=list)


def _unheard(what: str, before: Row | None, after: Row) -> None:
    """Nobody listens."""


def _unbegun(webhook_id: str, event: RequestEvent) -> None:
    """Nobody listens."""


@dataclass
class _Indexes:
    """What is found without looking at every row: sorted lists, so that 100,000 rows can be worked with.

    webhooks  the sort keys of a webhook's rows
    due       of a shard: (sweep_at, key), for the rows that have a sweep_at
    parked    of a receiver: (sort key, when the row was made, webhook), for the rows that are parked
    made      the how manieth row it is
    """

    webhooks: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    due: defaultdict[int, list[tuple[float, Key]]] = field(default_factory=lambda: defaultdict(list))
    parked: defaultdict[str, list[tuple[str, int, str]]] = field(default_factory=lambda: defaultdict(list))
    made: dict[Key, int] = field(default_factory=dict)

    def move(self, before: Delivery | None, after: Delivery) -> None:
        """A row was written: take what it was out, and put in what it is."""
        if before is None:
            self.made[_key(after)] = len(self.made)
            insort(self.webhooks[after.webhook_id], after.sort_key)
        else:
            for index, entry in self._entries(before):
                del index[bisect_left(index, entry)]
        for index, entry in self._entries(after):
            insort(index, entry)

    def _entries(self, delivery: Delivery) -> list[tuple[list[Any], tuple[Any, ...]]]:
        """The sorted lists that hold the row, and as what."""
        key, found = _key(delivery), list[tuple[list[Any], tuple[Any, ...]]]()
        if delivery.sweep_at is not None:
            found.append((self.due[_shard(key)], (delivery.sweep_at, key)))
        if delivery.parked_for is not None:
            found.append((self.parked[delivery.parked_for], (delivery.sort_key, self.made[key], delivery.webhook_id)))
        return found


@dataclass
class FakeDeliveries:
    """The table of deliveries.

    on_change  hears of each write that took effect: its name, the row before and after
    on_begin   hears of each first attempt that has begun, by the word of its event
    """

    max_event_bytes: int = MAX_EVENT_BYTES
    on_change: Callable[[str, Row | None, Row], None] = _unheard
    on_begin: Callable[[str, RequestEvent], None] = _unbegun
    rows: dict[Key, Row] = field(default_factory=dict)
    events: dict[str, RequestEvent] = field(default_factory=dict)
    first_attempts: dict[str, dict[str, float]] = field(default_factory=dict)
    _indexes: _Indexes = field(default_factory=_Indexes)

    def keep_event(
        self, event: RequestEvent, webhook_ids: Collection[str], *, now: float
    ) -> Mapping[str, float] | None:
        try:
            payload = compressed(event.payload)
        except RecursionError:
            return None
        if len(payload) > self.max_event_bytes:
            return None
        self.events[event.id] = event
        if event.id in self.first_attempts:
            return self.first_attempts[event.id]
        self.first_attempts[event.id] = dict.fromkeys(webhook_ids, _milliseconds(now))
        for webhook_id in webhook_ids:
            self.on_begin(webhook_id, event)
        return {}

    def begun(self, event_id: str) -> Mapping[str, float]:
        return self.first_attempts.get(event_id, {})

    def event(self, event_id: str) -> RequestEvent | None:
        return self.events.get(event_id)

    def get(self, webhook_id: str, sort_key: str) -> Delivery | None:
        row = self.rows.get((webhook_id, sort_key))
        return row.delivery if row else None

    def claim_new(self, delivery: Delivery, *, over: Delivery | None = None) -> Delivery | None:
        return self._make("claim_new", delivery, over)

    def queue_new(self, delivery: Delivery, *, over: Delivery | None = None) -> bool:
        return self._make("queue_new", delivery, over) is None

    def record_new(self, over: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        row, outcome = self.rows.get(_key(over)), invocation.outcome
        if row and not _is(row, over):
            return False
        recorded = _rounded(_after(over, following, sweep_at))
        self._write("record_new", row, Row(recorded, outcome.code, outcome.sentence, [outcome.code]))
        return True

    def _make(self, what: str, delivery: Delivery, over: Delivery | None) -> Delivery | None:
        found = self.rows.get(_key(delivery))
        if found and not _is(found, over):
            return found.delivery
        self._write(what, found, Row(_rounded(delivery)))
        return None

    def claim(self, delivery: Delivery, *, lease_until: float) -> Delivery | None:
        claimed = replace(
            delivery,
            state=State.DELIVERING,
            attempts=delivery.attempts + 1,
            due_at=None,
            number=None,
            lease_until=lease_until,
            sweep_at=lease_until,
        )
        return claimed if self._change("claim", delivery, claimed) else None

    def record(self, delivery: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        recorded, outcome = _after(delivery, following, sweep_at), invocation.outcome
        return self._change(
            "record",
            delivery,
            recorded,
            code=outcome.code,
            reason=outcome.sentence,
            attempt=outcome.code,
            same_lease=True,
        )

    def hold(self, delivery: Delivery, *, number: float, due_at: float, sweep_at: float) -> bool:
        return self._change("hold", delivery, replace(delivery, number=number, due_at=due_at, sweep_at=sweep_at))

    def park(self, delivery: Delivery, *, receiver: str, now: float) -> bool:
        parked = replace(delivery, due_at=None, sweep_at=None, number=None, parked_for=receiver, parked_at=now)
        return self._change("park", delivery, parked)

    def parked(self, receiver: str, *, limit: int) -> Sequence[Delivery]:
        return [self.rows[webhook_id, key].delivery for key, _, webhook_id in self._indexes.parked[receiver][:limit]]

    def release(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        released = replace(delivery, due_at=due_at, sweep_at=sweep_at, parked_for=None, parked_at=None)
        return self._change("release", delivery, released)

    def postpone(self, delivery: Delivery, *, sweep_at: float, due_at: float | None = None) -> bool:
        """Nothing else is written: the index may be behind."""
        row = self.rows.get(_key(delivery))
        if row is None or row.delivery.sweep_at != delivery.sweep_at:
            return False
        return self._change(
            "postpone", delivery, replace(row.delivery, sweep_at=sweep_at, due_at=due_at or row.delivery.due_at)
        )

    def interrupt(self, delivery: Delivery, following: Next, *, sweep_at: float | None) -> bool:
        ended = _after(delivery, following, sweep_at)
        reason = "the sender stopped during the attempt; the receiver may have seen it"
        return self._change(
            "interrupt", delivery, ended, code="interrupted", reason=reason, attempt="interrupted", same_lease=True
        )

    def end(self, delivery: Delivery, *, code: str, reason: str) -> bool:
        waits_no_more = replace(delivery, due_at=None, sweep_at=None, number=None, parked_for=None, parked_at=None)
        ended = replace(waits_no_more, state=State.FAILED, lease_until=None)
        return self._change("end", delivery, ended, code=code, reason=reason)

    def restart(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        again = replace(delivery, state=State.WAITING, attempts=0, due_at=due_at, sweep_at=sweep_at)
        row = self.rows.get(_key(delivery))
        surplus = max(0, len(row.attempts) - KEPT_ATTEMPTS) if row else 0
        return self._change(
            "restart", delivery, again, code="replayed", reason="it is being sent again", forget=surplus
        )

    def failed(
        self, webhook_id: str, *, since: float, until: float, after: str, limit: int
    ) -> tuple[Sequence[Delivery], str]:
        keys = self._indexes.webhooks[webhook_id]
        begin = max(bisect_left(keys, moment(since)), bisect_right(keys, after))
        page = keys[begin : min(begin + limit, bisect_right(keys, f"{moment(until)}~"))]
        rows = [self.rows[webhook_id, key].delivery for key in page]
        failed = [delivery for delivery in rows if delivery.state is State.FAILED]
        return failed, page[-1] if len(page) == limit else ""

    def overdue(self, shard: int, *, now: float, limit: int) -> Sequence[Delivery]:
        due = self._indexes.due[shard]
        end = bisect_right(due, _milliseconds(now), key=lambda entry: entry[0])
        return [replace(self.rows[key].delivery, number=None) for _, key in due[: min(end, limit)]]  # not in the index

    def _change(
        self,
        what: str,
        old: Delivery,
        new: Delivery,
        *,
        code: str = "",
        reason: str = "",
        attempt: str = "",
        forget: int = 0,
        same_lease: bool = False,
    ) -> bool:
        """Write `new` over `old` if the row still has `old`'s state and number of attempts; whether it had."""
        row = self.rows.get(_key(old))
        if row is None or _held(row.delivery, lease=same_lease) != _held(old, lease=same_lease):
            return False
        attempts = [*row.attempts, attempt] if attempt else row.attempts[forget:]
        kept = replace(_rounded(new), trigger=row.delivery.trigger)
        self._write(what, row, Row(kept, code or row.code, reason or row.reason, attempts))
        return True

    def _write(self, what: str, before: Row | None, after: Row) -> None:
        self.rows[_key(after.delivery)] = after
        self._indexes.move(before.delivery if before else None, after.delivery)
        self.on_change(what, before, after)


def _key(delivery: Delivery) -> Key:
    return delivery.webhook_id, delivery.sort_key


def _after(delivery: Delivery, following: Next, sweep_at: float | None) -> Delivery:
    return replace(delivery, state=following.state, due_at=following.due_at, lease_until=None, sweep_at=sweep_at)


def _is(row: Row, over: Delivery | None) -> bool:
    """Whether the row is that of this attempt, with this lease."""
    return over is not None and over.lease_until is not None and _held(row.delivery) == _held(over)


def _held(delivery: Delivery, *, lease: bool = True) -> tuple[State, int, float]:
    """What makes it the attempt that somebody knows of."""
    return delivery.state, delivery.attempts, _milliseconds(delivery.lease_until or 0.0) if lease else 0.0


def _shard(key: Key) -> int:
    return zlib.crc32("".join(key).encode()) % SHARDS


def _milliseconds(value: float) -> float:
    """As the table keeps it."""
    return float(f"{value:.3f}")


def _rounded(delivery: Delivery) -> Delivery:
    names = ("due_at", "lease_until", "sweep_at", "parked_at", "number")
    given: dict[str, Any] = {name: getattr(delivery, name) for name in names}
    rounded: dict[str, Any] = {name: None if one is None else _milliseconds(one) for name, one in given.items()}
    return replace(delivery, **rounded)


@dataclass
class FakeWakeups:
    """The queue of wake-ups: each with its delay, until somebody takes it out of `messages`."""

    messages: list[tuple[Wakeup, float]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def put(self, wakeup: Wakeup, delay_seconds: float) -> None:
        """A message is in the queue."""
        self.messages.append((wakeup, delay_seconds))

    def send(self, delivery: Delivery, *, delay_seconds: float) -> None:
        self.put(_wakeup(delivery), min(delay_seconds, 900.0))

    def send_now(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self.send(delivery, delay_seconds=0.0)

    def send_probe(self, delivery: Delivery) -> None:
        self.put(replace(_wakeup(delivery), probe=True), 0.0)

    def send_step(self, job_id: str) -> None:
        self.steps.append(job_id)


def _wakeup(delivery: Delivery) -> Wakeup:
    return Wakeup(webhook_id=delivery.webhook_id, sort_key=delivery.sort_key, attempts=delivery.attempts)


@dataclass
class FakeCircuits:
    """Rows of circuits, by their receiver."""

    circuits: dict[str, Circuit] = field(default_factory=dict)

    def all(self) -> Sequence[Circuit]:
        return [circuit for _, circuit in sorted(self.circuits.items())]

    def open(self, circuit: Circuit) -> None:
        stored = self.circuits.get(circuit.receiver)
        if stored is None or stored.draining:
            self._write(circuit)

    def drain(self, receiver: str, *, now: float) -> None:
        stored = self.circuits.get(receiver)
        if stored is not None and not stored.draining:
            self._write(replace(stored, draining=True, probe_at=now))

    def advance(self, circuit: Circuit, after: Circuit | None) -> bool:
        stored = self.circuits.get(circuit.receiver)
        given = (_milliseconds(circuit.probe_at), circuit.draining)
        if stored is None or (stored.probe_at, stored.draining) != given:
            return False
        if after is None:
            del self.circuits[circuit.receiver]
        else:
            self._write(after)
        return True

    def _write(self, circuit: Circuit) -> None:
        opened_at, probe_at = _milliseconds(circuit.opened_at), _milliseconds(circuit.probe_at)
        self.circuits[circuit.receiver] = replace(circuit, opened_at=opened_at, probe_at=probe_at)


_PACE_NUMBERS = ("rate", "since", "served", "step", "slowed_at", "ceiling", "held_until")


@dataclass
class FakePaces:
    """Rows of paces, by webhook and whether it has a limit of its own."""

    paces: dict[tuple[str, bool], Pace] = field(default_factory=dict)

    def get(self, webhook_id: str, *, own: bool) -> Pace | None:
        return self.paces.get((webhook_id, own))

    def found(self) -> Sequence[Pace]:
        return [pace for (_, own), pace in sorted(self.paces.items()) if not own]

    def put(self, pace: Pace, over: Pace | None, *, own: bool) -> bool:
        stored = self.paces.get((pace.webhook_id, own))
        if (stored and (stored.since, stored.rate)) != (over and (over.since, over.rate)):
            return False
        drawn = stored.drawn if stored else pace.drawn
        kept = {name: _milliseconds(getattr(pace, name)) for name in _PACE_NUMBERS}
        self.paces[pace.webhook_id, own] = replace(pace, drawn=drawn, **kept)  # type: ignore[arg-type]
        return True

    def draw(self, pace: Pace, *, serving: float, own: bool) -> Pace | None:
        return self._count(pace, own, lambda stored: {"drawn": _milliseconds(max(stored.drawn + 1, serving))})

    def refuse(self, pace: Pace, weight: float, *, own: bool) -> Pace | None:
        return self._count(
            pace, own, lambda stored: {"taken": stored.taken, "refused": _milliseconds(stored.refused + weight)}
        )

    def _count(self, pace: Pace, own: bool, change: Callable[[Pace], dict[str, Any]]) -> Pace | None:
        key = (pace.webhook_id, own)
        stored = self.paces.get(key)
        if stored is None or (stored.since, stored.rate) != (pace.since, pace.rate):
            return None
        self.paces[key] = replace(stored, **{"taken": stored.taken + 1, **change(stored)})
        return self.paces[key]


@dataclass(frozen=True, kw_only=True, slots=True)
class FakeSubscription:
    """One webhook that names a trigger."""

    webhook_id: str
    active: bool
    webhook: Webhook | None
    problem: str = ""


@dataclass
class FakeWebhooks:
    """The table of webhooks, and what is kept about their health."""

    webhooks: dict[str, Webhook] = field(default_factory=dict)
    health: dict[str, Health] = field(default_factory=dict)

    def get(self, webhook_id: str) -> Webhook | None:
        return self.webhooks.get(webhook_id)

    def readable(self, webhook_id: str) -> Webhook | None:
        return self.webhooks.get(webhook_id)

    def is_sendable(self, webhook_id: str) -> bool:
        webhook = self.webhooks.get(webhook_id)
        return webhook is not None and webhook.active

    def subscriptions(self, trigger: str) -> Sequence[FakeSubscription]:
        return [
            FakeSubscription(webhook_id=one.id, active=one.active, webhook=one if one.active else None)
            for _, one in sorted(self.webhooks.items())
            if trigger in one.triggers
        ]

    def switch(self, webhook_id: str, *, active: bool) -> None:
        """What a person does, by whatever way; nothing when the webhook was deleted."""
        old = self.webhooks.get(webhook_id)
        if old:
            self.webhooks[webhook_id] = replace(old, active=active, version=old.version + 1)

    def deactivate(self, webhook: Webhook, *, reason: str, now: float) -> bool:
        stored = self.webhooks.get(webhook.id)
        if stored is None or not stored.active or stored.version != webhook.version:
            return False
        self.webhooks[webhook.id] = replace(stored, active=False, version=stored.version + 1, updated_at=now)
        return True

    def add_failure(self, webhook_id: str, *, now: float) -> Health:
        old = self.health.get(webhook_id, Health())
        since = now if old.failing_since is None else old.failing_since
        self.health[webhook_id] = replace(old, failures=old.failures + 1, failing_since=since)
        return self.health[webhook_id]

    def note_success(self, webhook_id: str, *, now: float) -> Health:
        old = self.health.get(webhook_id, Health())
        self.health[webhook_id] = Health(last_success_at=now)
        return old


@dataclass
class FakeSecrets:
    """Opens every secret: its ciphertext, backwards."""

    def seal(self, webhook_id: str, secret: PlainSecret) -> SealedSecret:
        return SealedSecret(secret.value[::-1])

    def open(self, webhook_id: str, secret: SealedSecret) -> PlainSecret:
        return PlainSecret(secret.ciphertext[::-1])


@dataclass
class FakeBus:
    """Our own events."""

    told: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def tell(self, what: str, facts: Mapping[str, object]) -> None:
        self.told.append((what, facts))


@dataclass
class FakeDeadLetters:
    """Events that nobody could handle, with their reasons."""

    letters: list[tuple[object, str]] = field(default_factory=list)

    def keep(self, event: object, reason: str) -> None:
        self.letters.append((event, reason))


@dataclass
class FakeJobs:
    """Replay jobs: the ones it was given."""

    jobs: dict[str, ReplayJob] = field(default_factory=dict)

    def create(self, job: ReplayJob) -> None:
        self.jobs[job.id] = job

    def get(self, job_id: str) -> ReplayJob | None:
        return self.jobs.get(job_id)

    def running(self) -> Sequence[ReplayJob]:
        return [job for job in self.jobs.values() if job.state == "running"]

    def advance(self, job: ReplayJob, after: ReplayJob) -> bool:
        if self.jobs.get(job.id) != job:
            return False
        self.jobs[job.id] = after
        return True
