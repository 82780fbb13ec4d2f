"""What must hold, watched while it happens and at the end. A broken promise raises ViolationError."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from grantwire.delivering import LEASE_SECONDS, YOUNG_SECONDS
from grantwire.identifiers import sort_key
from grantwire.models import Delivery, RequestEvent, State, Webhook
from grantwire.pacing import LATE_SECONDS
from grantwire.redelivering import EARLY_SECONDS
from grantwire.retrying import MAX_ATTEMPTS
from tests.fakes import FakeDeliveries, FakePaces, Key, Row
from tests.simulation.faults import DAY, HOUR
from tests.simulation.hub import Hub, Process, ViolationError
from tests.simulation.receivers import Post

BEGINNING: Final = 1_795_000_000.0
SKEW: Final = 1.0  # how far two processes' clocks are apart at most
_STALE_SECONDS: Final = 125.0  # how long a dispatch may go on with what it read
_SOON_SECONDS: Final = YOUNG_SECONDS + 30.0  # from a claim until its request arrives: a client tries for 28
_ENDED: Final = (State.SUCCEEDED, State.FAILED)
_HOLDS_IN_TEN_SECONDS: Final = 10
_SWEEPS_PER_WAIT: Final = 2  # in five minutes: one that interrupted the attempt before, one that found it overdue


@dataclass
class Round:
    """One delivery since it was made or last replayed."""

    claims: set[int] = field(default_factory=set)
    succeeded: bool = False
    kept_before: int = 0
    sweeps: dict[tuple[int, float | None], set[float]] = field(default_factory=dict)


@dataclass
class Known:
    """What the simulation knows of a webhook and the people who change it."""

    webhook: Webhook
    was_inactive: bool = False
    was_deleted: bool = False
    off_since: float | None = None

    def switched(self, now: float, *, active: bool) -> None:
        """It was made active or inactive."""
        self.was_inactive |= not active
        self.off_since = None if active else self.off_since or now


@dataclass
class Promises:
    """Watches the rows, the POSTs and the wake-ups of one simulation."""

    hub: Hub
    store: FakeDeliveries
    at_once: int
    calm: bool  # nothing dies, fails or stands still; everything else may happen
    webhooks: dict[str, Known] = field(default_factory=dict)
    events: dict[str, RequestEvent] = field(default_factory=dict)  # by the id of the request they speak of
    storable: dict[str, bool] = field(default_factory=dict)  # by the event's id
    rounds: dict[Key, Round] = field(default_factory=dict)
    posts: dict[Key, list[Post]] = field(default_factory=dict)
    senders: set[tuple[Key, Process]] = field(default_factory=set)
    failed: set[Key] = field(default_factory=set)
    begun: Counter[Key] = field(default_factory=Counter)
    first: dict[Key, Process] = field(default_factory=dict)  # who stored the event, and so began the first attempt
    claimed: dict[tuple[Key, Process], float] = field(default_factory=dict)  # when a process claimed an attempt last
    drawn_at: dict[Key, float] = field(default_factory=dict)
    holds: dict[Key, list[float]] = field(default_factory=dict)
    outage_seconds: float = 0.0
    paces: FakePaces = field(default_factory=FakePaces)

    def policy(self, webhook_id: str) -> int:
        """How many attempts there are at most."""
        return min(self.webhooks[webhook_id].webhook.max_attempts, MAX_ATTEMPTS)

    def changed(self, what: str, before: Row | None, after: Row) -> None:
        """A row was written."""
        old, new = before.delivery if before else None, after.delivery
        key = (new.webhook_id, new.sort_key)
        if old is not None and what in ("claim_new", "queue_new") and self.first.get(key) is not self.hub.process:
            self.broken("only its own sender replaces a row", f"{key} was {old.state} and is {new.state} ({what})")
        if old is None or what in ("claim_new", "queue_new", "restart"):
            self.rounds[key] = Round(kept_before=len(after.attempts) if old else 0)
        if old is not None and (old.state in _ENDED) != (what == "restart"):
            self.broken("ended is ended", f"{key} was {old.state} and is {new.state} after {what}")
        if what in ("claim_new", "queue_new") and new.state is State.WAITING and key in self.first:
            self.begun[key] -= 1  # it was not sent after all
        if what == "record_new":
            self.rounds[key].claims.add(new.attempts)
        if what in ("record", "record_new"):
            self._recorded(key, after)
        if what == "hold":
            self._held(key)
        if new.state is State.DELIVERING:
            self._claimed(key, what, old, new)
        if what == "interrupt" and self.calm:
            self.broken("nobody is given up who lives", f"{key} was interrupted, and nothing went wrong")
        if what == "interrupt" and old and self.hub.now < (old.lease_until or 0.0) - SKEW:
            self.broken("a lease is respected", f"{key} was interrupted before its lease ended")
        if what == "interrupt" and self.hub.now < self._began(key, new) + LEASE_SECONDS - SKEW:
            self.broken("a lease is respected", f"{key} was interrupted soon after it began")
        if new.number is not None and (old is None or new.number != old.number):
            self._drawn(key, old.number if old else None, new.number)
        if new.state is State.FAILED:
            self.failed.add(key)
        if new.state is State.SUCCEEDED:
            self.rounds[key].succeeded = True

    def first_begun(self, webhook_id: str, event: RequestEvent) -> None:
        """An event was stored, and with it that its first attempt to this webhook begins."""
        key = (webhook_id, sort_key(event))
        self.first[key] = self.hub.process
        self.claimed[key, self.hub.process] = self.hub.now
        self.begun[key] += 1

    def _began(self, key: Key, delivery: Delivery) -> float:
        """When the first attempt was begun by its event's word; long ago when it is another one."""
        return self.store.first_attempts.get(delivery.event_id, {}).get(key[0], 0.0) if delivery.attempts == 1 else 0.0

    def _claimed(self, key: Key, what: str, old: Delivery | None, new: Delivery) -> None:
        this = self.rounds[key]
        if old is not None and old.state is not State.WAITING and what != "claim_new":
            self.broken("only what waits is claimed", f"{key} was {old.state} when it was claimed ({what})")
        if new.attempts in this.claims:
            self.broken("one claim per attempt", f"attempt {new.attempts} of {key} was claimed twice ({what})")
        this.claims.add(new.attempts)
        if what != "claim_new" or key not in self.first:  # for these the event's word was the claim
            self.begun[key] += 1
        if what == "claim" or self.first.get(key, self.hub.process) is self.hub.process:  # others only look after it
            self.claimed[key, self.hub.process] = self.hub.now
        if len(this.claims) > self.policy(key[0]):
            self.broken("attempts within the policy", f"{key} has begun attempt {len(this.claims)}")
        just_held = self.hub.now - self.drawn_at.get(key, 0.0) < _STALE_SECONDS  # by another that was woken with it
        if old and old.due_at is not None and self.hub.now < old.due_at - EARLY_SECONDS - SKEW and not just_held:
            self.broken("never early", f"{key} was claimed {old.due_at - self.hub.now:.0f} s before it was due")
        if old and old.number is not None and not just_held and self.hub.now < self._turn(key[0], old.number) - SKEW:
            self.broken("never before its turn", f"{key} was claimed before number {old.number} was served")
        lease = (new.lease_until or 0.0) - self.hub.now
        if lease > LEASE_SECONDS + SKEW + (YOUNG_SECONDS if what == "claim_new" else 0.0):
            self.broken("a lease is respected", f"{key} has a lease of {lease:.0f} s")

    def _held(self, key: Key) -> None:
        """Each time costs two writes and a message."""
        recent = self.holds[key] = [one for one in self.holds.get(key, []) if self.hub.now - one < 10.0]
        recent.append(self.hub.now)
        if len(recent) > _HOLDS_IN_TEN_SECONDS:
            self.broken("held in moderation", f"{key} was told {len(recent)} times in ten seconds to wait for its turn")

    def _drawn(self, key: Key, before: float | None, number: float) -> None:
        """Two that are woken at once, and find no number, may both draw one; who finds one keeps it, unless late."""
        is_late = before is not None and self._moment(key[0], before) < self.hub.now - LATE_SECONDS + SKEW
        if before is not None and not is_late and self.hub.now - self.drawn_at[key] > _STALE_SECONDS:
            self.broken("a place in the line is kept", f"{key} had number {before} and has {number}")
        self.drawn_at[key] = self.hub.now

    def _turn(self, webhook_id: str, number: float) -> float:
        """The moment of a number, where a limit gives it; what a receiver was found to take changes at any time."""
        pace = self.paces.get(webhook_id, own=True)
        return pace.moment(number) if pace and not pace.slowed_at else 0.0

    def _moment(self, webhook_id: str, number: float) -> float:
        """The moment of a number, by whatever the webhook's pace is; that of long ago where there is none any more."""
        limited = self.webhooks[webhook_id].webhook.deliveries_per_second is not None
        pace = self.paces.get(webhook_id, own=limited)
        return pace.moment(number) if pace else 0.0

    def _recorded(self, key: Key, row: Row) -> None:
        """The answer decides, and the policy."""
        delivery, used_up = row.delivery, row.delivery.attempts >= self.policy(key[0])
        expected = State.FAILED if used_up or row.code in ("http_410", "validator") else State.WAITING
        if delivery.state is not (State.SUCCEEDED if row.code == "http_200" else expected):
            self.broken("the answer decides", f"{key} is {row}")

    def posted(self, post: Post) -> None:
        """A request arrived at a receiver."""
        event = self.events[post.request_id]
        key = (post.webhook_id, sort_key(event))
        if self.hub.now - self.claimed.get((key, self.hub.process), 0.0) > _SOON_SECONDS:
            self.broken("a claim comes first", f"{key} was sent by one who had not claimed it, or long before")
        if key in self.rounds and self.rounds[key].succeeded:
            self.broken("nothing is sent after a success", f"{key}")
        off_since = self.webhooks[post.webhook_id].off_since
        if off_since is not None and self.hub.now - off_since > _STALE_SECONDS:
            self.broken("nothing is sent to what is off", f"{key} was sent, and is off since {off_since}")
        self.senders.add((key, self.hub.process))
        posts = self.posts.setdefault(key, [])
        posts.append(post)
        if len(posts) > self.begun[key]:
            self.broken("a claim comes first", f"{key} was sent {len(posts)} times by {self.begun[key]} claims")
        if post.delivery_id != posts[0].delivery_id:
            self.broken("one webhook-id", f"{key} was sent as {posts[0].delivery_id} and as {post.delivery_id}")

    def woken(self, key: Key, attempts: int) -> None:
        """A wake-up was sent."""
        row = self.store.rows.get(key)
        if row is None:
            self.broken("the row comes first", f"{key} is woken, and there is no such row")
        sweep = self.hub.process.notes.get("minute")
        if sweep is None:
            return
        sweeps = self.rounds[key].sweeps.setdefault((attempts, row.delivery.due_at), set())
        sweeps.add(sweep)
        recent = [one for one in sweeps if one > sweep - 290.0]
        if len(recent) > _SWEEPS_PER_WAIT:
            self.broken("woken in moderation", f"{key} was woken by {len(recent)} sweeps in five minutes")

    def told(self, what: str, facts: Mapping[str, object]) -> None:
        """Something was put on the bus."""
        if what == "DeliveryFailed":
            key = self._key_of(str(facts["webhook_id"]), str(facts["event_id"]))
            if key not in self.failed:
                self.broken("told what is so", f"{key} is told to have failed, and is {self.store.rows[key]}")

    def dispatched(self, webhook_ids: list[str], event: RequestEvent) -> None:
        """Dispatch has returned, having found these webhooks."""
        for webhook_id in webhook_ids:
            key = (webhook_id, sort_key(event))
            row = self.store.rows.get(key)
            if row is None:
                self.broken("no pair is lost", f"{webhook_id} wants {event.id}, and there is no row")
            is_first = self.first.get(key) is self.hub.process and (key, self.hub.process) in self.senders
            if is_first and row.delivery.state is State.DELIVERING and not row.attempts:
                self.broken("an answer is recorded", f"{key} was sent, and is {row}")

    def at_the_end(self, in_dead_letters: set[str]) -> None:
        """Nothing happens any more. `in_dead_letters`: ids of events that nobody re-drove."""
        for key, row in self.store.rows.items():
            if row.delivery.state not in _ENDED:
                self._unended(key, row, in_dead_letters)
            else:
                self._ended(key, row, in_dead_letters)
        for key in {*self.posts, *self.first}:
            if key not in self.store.rows and key[1].partition("#")[2] not in in_dead_letters:
                self.broken("no pair is lost", f"{key} was begun and has no row")

    def _unended(self, key: Key, row: Row, in_dead_letters: set[str]) -> None:
        if row.delivery.event_id not in in_dead_letters or not _waits_for_nobody(row):
            self.broken("every pair ends", f"{key} is {row}")
        if row.delivery.state is State.WAITING and "too large to be stored" not in row.reason:
            self.broken("what waits says why", f"{key} is {row}")

    def _ended(self, key: Key, row: Row, in_dead_letters: set[str]) -> None:
        delivery, this = row.delivery, self.rounds[key]
        if (delivery.due_at, delivery.lease_until, delivery.sweep_at, delivery.parked_for) != (None,) * 4:
            self.broken("what has ended is in no index", f"{key} is {row}")
        recorded = len(row.attempts) - this.kept_before
        if recorded != delivery.attempts or this.claims != set(range(1, delivery.attempts + 1)):
            self.broken("every attempt is in the row", f"{key} is {row}, claimed {sorted(this.claims)}")
        accepted = any(post.accepted for post in self.posts.get(key, ()))
        if delivery.state is State.SUCCEEDED and not accepted:
            self.broken("success was seen by the receiver", f"{key} is {row}")
        if delivery.state is State.FAILED and not self._explained(key, row, in_dead_letters):
            self.broken("a failure has its reason", f"{key} is {row}")

    def _explained(self, key: Key, row: Row, in_dead_letters: set[str]) -> bool:
        known, attempts = self.webhooks[key[0]], row.delivery.attempts
        match row.code:
            case "webhook_inactive":
                return known.was_inactive
            case "webhook_deleted":
                return known.was_deleted
            case "no_attempts_left":
                return attempts >= self.policy(key[0])
            case "event_missing":
                kept = row.delivery.event_id in in_dead_letters  # AWS has it, for whoever re-drives it
                replayed = self.rounds[key].kept_before > 0
                unwanted = known.was_inactive or known.was_deleted
                return not self.storable[row.delivery.event_id] and (kept or replayed or unwanted)
            case "interrupted":
                return attempts >= MAX_ATTEMPTS
            case "overdue":
                return self.outage_seconds >= DAY
            case "host_down":
                return self.hub.now - BEGINNING > HOUR
            case "http_410" | "validator":
                return True
        return attempts >= self.policy(key[0])

    def _key_of(self, webhook_id: str, event_id: str) -> Key:
        return next(key for key, row in self.store.rows.items() if key[0] == webhook_id and key[1].endswith(event_id))

    def broken(self, invariant: str, what: str) -> NoReturn:
        """The simulation ends here."""
        raise ViolationError(invariant, what)


def _waits_for_nobody(row: Row) -> bool:
    """Whether only dispatch, given the event again, would go on with it."""
    delivery = row.delivery
    return delivery.state not in _ENDED and (delivery.sweep_at, delivery.due_at, delivery.parked_for) == (None,) * 3
