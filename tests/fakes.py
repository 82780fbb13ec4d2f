"""What the use cases are given instead of AWS: the same conditions, kept in memory.

`test_store_contract.py` holds FakeDeliveries against the real table, so that it cannot drift.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grantwire.circuits import Circuit
from grantwire.health import Failures
from grantwire.identifiers import moment
from grantwire.invoking import Invocation
from grantwire.models import Delivery, PlainSecret, RequestEvent, SealedSecret, State, Webhook
from grantwire.redelivering import Wakeup
from grantwire.replaying import ReplayJob
from grantwire.retrying import Next
from grantwire.stores.attempts import compressed
from grantwire.stores.deliveries import KEPT_ATTEMPTS, MAX_EVENT_BYTES, SHARDS

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


@dataclass
class FakeDeliveries:
    """The table of deliveries. `on_change` hears of each write that took effect: its name, the row before and after."""

    max_event_bytes: int = MAX_EVENT_BYTES
    on_change: Callable[[str, Row | None, Row], None] = _unheard
    rows: dict[Key, Row] = field(default_factory=dict)
    events: dict[str, RequestEvent] = field(default_factory=dict)

    def keep_event(self, event: RequestEvent) -> bool:
        try:
            payload = compressed(event.payload)
        except RecursionError:
            return False
        if len(payload) > self.max_event_bytes:
            return False
        self.events[event.id] = event
        return True

    def event(self, event_id: str) -> RequestEvent | None:
        return self.events.get(event_id)

    def get(self, webhook_id: str, sort_key: str) -> Delivery | None:
        row = self.rows.get((webhook_id, sort_key))
        return row.delivery if row else None

    def claim_new(self, delivery: Delivery) -> Delivery | None:
        return self._make("claim_new", delivery)

    def queue_new(self, delivery: Delivery) -> bool:
        return self._make("queue_new", delivery) is None

    def _make(self, what: str, delivery: Delivery) -> Delivery | None:
        found = self.rows.get(_key(delivery))
        if found:
            return found.delivery
        self._write(what, None, Row(_rounded(delivery)))
        return None

    def claim(self, delivery: Delivery, *, lease_until: float) -> Delivery | None:
        claimed = replace(
            delivery,
            state=State.DELIVERING,
            attempts=delivery.attempts + 1,
            due_at=None,
            lease_until=lease_until,
            sweep_at=lease_until,
        )
        return claimed if self._change("claim", delivery, claimed) else None

    def record(self, delivery: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        recorded = replace(
            delivery, state=following.state, due_at=following.due_at, lease_until=None, sweep_at=sweep_at
        )
        outcome = invocation.outcome
        return self._change(
            "record", delivery, recorded, code=outcome.code, reason=outcome.sentence, attempt=outcome.code
        )

    def park(self, delivery: Delivery, *, host: str, now: float) -> bool:
        parked = replace(delivery, due_at=None, sweep_at=None, parked_host=host, parked_at=now)
        return self._change("park", delivery, parked)

    def parked(self, host: str, *, limit: int) -> Sequence[Delivery]:
        found = [row.delivery for row in self.rows.values() if row.delivery.parked_host == host]
        return sorted(found, key=lambda one: one.sort_key)[:limit]

    def release(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        released = replace(delivery, due_at=due_at, sweep_at=sweep_at, parked_host=None, parked_at=None)
        return self._change("release", delivery, released)

    def postpone(self, delivery: Delivery, *, sweep_at: float) -> bool:
        return self._change("postpone", delivery, replace(delivery, sweep_at=sweep_at))

    def interrupt(self, delivery: Delivery, following: Next, *, sweep_at: float | None) -> bool:
        ended = replace(delivery, state=following.state, due_at=following.due_at, lease_until=None, sweep_at=sweep_at)
        reason = "the sender stopped during the attempt; the receiver may have seen it"
        return self._change("interrupt", delivery, ended, code="interrupted", reason=reason, attempt="interrupted")

    def end(self, delivery: Delivery, *, code: str, reason: str) -> bool:
        ended = replace(
            delivery, state=State.FAILED, due_at=None, lease_until=None, sweep_at=None, parked_host=None, parked_at=None
        )
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
        keys = [key for key in self._keys(webhook_id, since) if key[1] <= f"{moment(until)}~" and key[1] > after]
        page = keys[:limit]
        failed = [self.rows[key].delivery for key in page if self.rows[key].delivery.state is State.FAILED]
        return failed, page[-1][1] if len(page) == limit else ""

    def has_succeeded(self, webhook_id: str, *, since: float) -> bool:
        return any(self.rows[key].delivery.state is State.SUCCEEDED for key in self._keys(webhook_id, since))

    def overdue(self, shard: int, *, now: float, limit: int) -> Sequence[Delivery]:
        found = [
            (row.delivery.sweep_at, key)
            for key, row in self.rows.items()
            if row.delivery.sweep_at is not None and row.delivery.sweep_at <= _milliseconds(now)
        ]
        return [self.rows[key].delivery for _, key in sorted(found) if _shard(key) == shard][:limit]

    def _keys(self, webhook_id: str, since: float) -> list[Key]:
        return sorted(key for key in self.rows if key[0] == webhook_id and key[1] >= moment(since))

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
    ) -> bool:
        """Write `new` over `old` if the row still has `old`'s state and number of attempts; whether it had."""
        row = self.rows.get(_key(old))
        if row is None or (row.delivery.state, row.delivery.attempts) != (old.state, old.attempts):
            return False
        attempts = [*row.attempts, attempt] if attempt else row.attempts[forget:]
        kept = replace(_rounded(new), trigger=row.delivery.trigger)
        self._write(what, row, Row(kept, code or row.code, reason or row.reason, attempts))
        return True

    def _write(self, what: str, before: Row | None, after: Row) -> None:
        self.rows[_key(after.delivery)] = after
        self.on_change(what, before, after)


def _key(delivery: Delivery) -> Key:
    return delivery.webhook_id, delivery.sort_key


def _shard(key: Key) -> int:
    return zlib.crc32("".join(key).encode()) % SHARDS


def _milliseconds(value: float) -> float:
    """As the table keeps it."""
    return float(f"{value:.3f}")


def _rounded(delivery: Delivery) -> Delivery:
    due_at, lease_until, sweep_at, parked_at = (
        None if value is None else _milliseconds(value)
        for value in (delivery.due_at, delivery.lease_until, delivery.sweep_at, delivery.parked_at)
    )
    return replace(delivery, due_at=due_at, lease_until=lease_until, sweep_at=sweep_at, parked_at=parked_at)


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
    """Rows of circuits, by their host."""

    circuits: dict[str, Circuit] = field(default_factory=dict)

    def all(self) -> Sequence[Circuit]:
        return [circuit for _, circuit in sorted(self.circuits.items())]

    def open(self, circuit: Circuit) -> None:
        stored = self.circuits.get(circuit.host)
        if stored is None or stored.draining:
            self._write(circuit)

    def drain(self, host: str) -> None:
        if host in self.circuits:
            self.circuits[host] = replace(self.circuits[host], draining=True)

    def advance(self, circuit: Circuit, after: Circuit | None) -> bool:
        stored = self.circuits.get(circuit.host)
        given = (_milliseconds(circuit.probe_at), circuit.draining)
        if stored is None or (stored.probe_at, stored.draining) != given:
            return False
        if after is None:
            del self.circuits[circuit.host]
        else:
            self._write(after)
        return True

    def _write(self, circuit: Circuit) -> None:
        opened_at, probe_at = _milliseconds(circuit.opened_at), _milliseconds(circuit.probe_at)
        self.circuits[circuit.host] = replace(circuit, opened_at=opened_at, probe_at=probe_at)


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
    failures: dict[str, Failures] = field(default_factory=dict)

    def get(self, webhook_id: str) -> Webhook | None:
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

    def add_failure(self, webhook_id: str, *, now: float) -> Failures:
        old = self.failures.get(webhook_id, Failures(count=0, since=now))
        self.failures[webhook_id] = replace(old, count=old.count + 1)
        return self.failures[webhook_id]

    def forget_failures(self, webhook_id: str) -> Failures | None:
        return self.failures.pop(webhook_id, None)


@dataclass
class FakeSecrets:
    """Opens every secret: its ciphertext, backwards."""

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
