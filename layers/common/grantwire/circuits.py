"""The circuit of a receiver: when it fails again and again, its deliveries are parked until one of them gets through.

A parked delivery waits without a timer of its own: an outage costs one probe at a time, however many wait. When a probe
gets through, the backlog is released, oldest first, at a bounded rate. A receiver is a webhook at a host: many webhooks
share a host, and one that is broken there must not keep the others. One that answers 401 or 404 is there.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from threading import Lock
from typing import Final, Protocol

from grantwire.delivering import Wakeups, sweep_at
from grantwire.ending import Ender
from grantwire.frozen import frozen
from grantwire.identifiers import host_in, receiver_id
from grantwire.judging import Outcome
from grantwire.models import Delivery, FailureKind, Webhook

WINDOW_SECONDS: Final = 600.0  # ten attempts that hang for 30 seconds each, one after the other, fit in twice
FEWEST_ATTEMPTS: Final = 10
FAILING_SHARE: Final = 0.8
KNOWN_FOR_SECONDS: Final = 10.0  # how long a process goes on with what it last read
FIRST_PROBE_SECONDS: Final = 30.0
LONGEST_PROBE_SECONDS: Final = 300.0
LOOKED_AT_FOR_A_PROBE: Final = 600  # what proves nothing is gone in time, be it thousands
RELEASED_PER_SWEEP: Final = 600  # deliveries of one receiver in a minute
SETTLED_SECONDS: Final = 180.0  # who still took the circuit for open has parked its deliveries by then
GIVE_UP_SECONDS: Final = 4 * 86_400.0  # somewhat longer than the whole schedule of attempts
_NOTHING_WAS_SENT: Final = frozenset(
    {FailureKind.ADDRESS_NOT_ALLOWED, FailureKind.URL_UNUSABLE, FailureKind.TEMPLATE, FailureKind.AUTHENTICATION}
)
_UNREACHABLE: Final = frozenset(FailureKind) - _NOTHING_WAS_SENT
_OVERLOADED: Final = re.compile(r"http_(429|5\d\d)")


def receiver_failed(outcome: Outcome) -> bool | None:
    """Whether the receiver did not do its part; None when nothing was sent, which says nothing about it."""
    if outcome.code in _UNREACHABLE:
        return True
    if outcome.code in _NOTHING_WAS_SENT:
        return None
    return bool(_OVERLOADED.fullmatch(outcome.code))


@dataclass(eq=False, repr=False)
class Window:
    """A sliding window over a receiver's attempts, as one process sees them. Times in epoch seconds."""

    attempts: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=100))

    def add(self, now: float, *, failed: bool) -> bool:
        """Note an attempt; whether it failed, as so many of the last ones did, and the circuit should open."""
        self.attempts.append((now, failed))
        if not failed:
            return False
        recent = [failed for moment, failed in self.attempts if now - moment <= WINDOW_SECONDS]
        return len(recent) >= FEWEST_ATTEMPTS and sum(recent) >= FAILING_SHARE * len(recent)


@frozen
class Circuit:
    """A receiver whose deliveries are parked, or (`draining`) are being released.

    receiver  see `identifiers.receiver_id`
    opened_at when it was found to be down
    probe_at  when the next probe may be sent; of one that is draining, since when it is
    probes    how many were sent
    """

    receiver: str
    opened_at: float
    probe_at: float
    probes: int = 0
    draining: bool = False


class Records(Protocol):
    """Rows of circuits, see `stores.circuits`."""

    def all(self) -> Sequence[Circuit]:
        """Every circuit that is not closed."""
        ...

    def open(self, circuit: Circuit) -> None:
        """Open a receiver's circuit, unless it is open already."""
        ...

    def drain(self, receiver: str, *, now: float) -> None:
        """The receiver is back: have its deliveries released, unless that has begun."""
        ...

    def advance(self, circuit: Circuit, after: Circuit | None) -> bool:
        """Write `after` over `circuit`, or close it (None); False when it has changed meanwhile."""
        ...


class Parked(Protocol):
    """Parked deliveries, see `stores.deliveries`."""

    def parked(self, receiver: str, *, limit: int) -> Sequence[Delivery]:
        """The oldest deliveries that are parked for a receiver."""
        ...

    def release(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        """Have a parked delivery wait for an attempt again; False when it is not parked any more."""
        ...


class Probes(Wakeups, Protocol):
    """Wake-ups that pass an open circuit."""

    def send_probe(self, delivery: Delivery) -> None:
        """Wake a delivery now, and have it sent although its receiver's circuit is open."""
        ...


@dataclass(eq=False, repr=False)
class _Known:
    """What was last read, and when."""

    read_at: float = 0.0
    circuits: Mapping[str, Circuit] = field(default_factory=dict)


@frozen
class Circuits:
    """What one process knows of the circuits. Raises StoreError for our own faults. Safe to share between threads."""

    records: Records
    clock: Callable[[], float]
    _windows: dict[str, Window] = field(default_factory=dict)
    _known: _Known = field(default_factory=lambda: _Known())
    _lock: Lock = field(default_factory=Lock)

    def refresh(self) -> None:
        """Read them, where what is known is too old; else each of fifty threads would at once."""
        self._circuits()

    def is_open(self, receiver: str) -> bool:
        """Whether its deliveries are to be parked. Read for all receivers at once, every ten seconds."""
        circuit = self._circuits().get(receiver)
        return circuit is not None and not circuit.draining

    def attempted(self, receiver: str, outcome: Outcome) -> None:
        """Called after each attempt: opens the circuit of who fails and fails, has that of who is back drained."""
        failed = receiver_failed(outcome)
        if failed is None:
            return
        now = self.clock()
        with self._lock:
            if len(self._windows) > 1000:
                self._windows.clear()
            tripped = self._windows.setdefault(receiver, Window()).add(now, failed=failed)
        if tripped and not self.is_open(receiver):
            self.records.open(Circuit(receiver=receiver, opened_at=now, probe_at=now + FIRST_PROBE_SECONDS))
            self._forget()
        elif not failed and self.is_open(receiver):
            self.records.drain(receiver, now=now)
            self._forget()

    def _circuits(self) -> Mapping[str, Circuit]:
        now = self.clock()
        if now - self._known.read_at > KNOWN_FOR_SECONDS:
            self._known.circuits = {circuit.receiver: circuit for circuit in self.records.all()}
            self._known.read_at = now
        return self._known.circuits

    def _forget(self) -> None:
        self._known.read_at = 0.0


@frozen
class CircuitKeeper:
    """Each minute: sends probes, and releases what is parked for receivers that are back.

    `webhook` gives the webhook that has an id, None when there is none that can be read.
    """

    records: Records
    rows: Parked
    wakeups: Probes
    ender: Ender
    webhook: Callable[[str], Webhook | None]
    clock: Callable[[], float]

    def look_after(self, *, has_time: Callable[[], bool]) -> None:
        """Every circuit, once, while there is time. Raises StoreError for our own faults; the next run goes on.

        What has to move takes turns, receiver by receiver: many drain more slowly, none waits.
        """
        circuits = self.records.all()
        for circuit in circuits:
            if not circuit.draining and self.clock() >= circuit.probe_at and has_time():
                self._probe(circuit, has_time)
        backlogs = [self._backlog(circuit) for circuit in circuits if has_time()]
        for index, deliveries in enumerate(zip_longest(*backlogs)):
            for delivery in deliveries:
                if delivery and has_time() and not self._given_up(delivery):
                    self._release(delivery, self.clock() + index * 60 / RELEASED_PER_SWEEP)

    def _probe(self, circuit: Circuit, has_time: Callable[[], bool]) -> None:
        """One probe at a time: who writes the row first sends it. What would prove nothing goes on without waiting.

        That is what is ended without being sent, and what is sent elsewhere since the webhook was changed.
        """
        now = self.clock()
        wait = min(FIRST_PROBE_SECONDS * 2**circuit.probes, LONGEST_PROBE_SECONDS)
        after = replace(circuit, probe_at=now + wait, probes=min(circuit.probes + 1, 10))
        page = self.rows.parked(circuit.receiver, limit=LOOKED_AT_FOR_A_PROBE)
        if not self.records.advance(circuit, after if page else replace(circuit, draining=True, probe_at=now)):
            return
        webhooks = {one: self.webhook(one) for one in {delivery.webhook_id for delivery in page}}
        for delivery in page:
            if not has_time():
                break
            if self._given_up(delivery):
                continue
            if self.rows.release(delivery, due_at=now, sweep_at=sweep_at(now, now)):
                if _proves(webhooks[delivery.webhook_id], delivery, circuit.receiver):
                    self.wakeups.send_probe(delivery)
                    return
                self.wakeups.send(delivery, delay_seconds=0.0)
        if page:  # nothing was sent that proves anything: the next minute goes on
            self.records.advance(after, replace(circuit, probe_at=now))

    def _given_up(self, delivery: Delivery) -> bool:
        """End what has waited for its receiver for longer than a whole schedule of attempts would have taken."""
        if not self._is_too_old(delivery):
            return False
        reason = f"{host_in(delivery.parked_for or '')} was down for four days; replay the delivery when it is back"
        self.ender.end(delivery, code="host_down", reason=reason)
        return True

    def _is_too_old(self, delivery: Delivery) -> bool:
        return self.clock() - (delivery.parked_at or 0.0) > GIVE_UP_SECONDS

    def _backlog(self, circuit: Circuit) -> Sequence[Delivery]:
        """What to release or to give up this minute; the circuit is closed when nothing is left, and nothing may come.

        A process may know for some seconds more that the circuit is open, and park what it has.
        """
        if not circuit.draining and self.clock() - circuit.opened_at <= GIVE_UP_SECONDS:
            return []
        page = self.rows.parked(circuit.receiver, limit=RELEASED_PER_SWEEP)
        if not circuit.draining:
            return [delivery for delivery in page if self._is_too_old(delivery)]
        if not page and self.clock() - circuit.probe_at > SETTLED_SECONDS:
            self.records.advance(circuit, None)
        return page

    def _release(self, delivery: Delivery, due_at: float) -> None:
        now = self.clock()
        if self.rows.release(delivery, due_at=due_at, sweep_at=sweep_at(due_at, now)):
            self.wakeups.send(delivery, delay_seconds=due_at - now)


def _proves(webhook: Webhook | None, delivery: Delivery, receiver: str) -> bool:
    """Whether an attempt would be made, and by this receiver."""
    if webhook is None or not webhook.active or delivery.attempts >= webhook.max_attempts:
        return False
    return receiver_id(webhook) == receiver
