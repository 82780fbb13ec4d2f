"""How fast a webhook may be sent to: by its own `deliveries_per_second`, and by what its receiver was found to take.

All processes draw numbers from one row for each webhook that has a pace. The row also says which number is being
served: that grows with time, so that every number has its moment, 1 / rate seconds after the one before it. Whose
moment is near waits for it in the process; the others become waiting rows, woken shortly before. When the rate changes,
so do the moments of all numbers that were drawn, and their order stays.

A receiver without a limit has no row until it answers 429 or times out. From then on what is sent is counted, and when
a share of it is refused the rate is halved. It rises again step by step, for some minutes only to what is known to get
through, then further; and the row is forgotten after ten minutes without a refusal that counted, if nobody waits.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final, Protocol

from grantwire.configurations import MOST_PER_SECOND
from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.judging import Outcome
from grantwire.models import FailureKind, Webhook

SHARE_OF_LIMIT: Final = 0.95  # requests travel at different speeds: twenty a second may arrive as 21 in one
PATIENCE_SECONDS: Final = 2.0  # waited for in the process: a row that waits costs two writes and a message
LATE_SECONDS: Final = 30.0  # who comes so long after its number's moment draws another, so as not to come in a crowd
LONGEST_WAIT_SECONDS: Final = 890.0  # then it is looked at again; SQS delays a message by 900 seconds at most
LOOKED_AT_FOR_SECONDS: Final = 1.0  # how long a process goes on with a row that it has read
KNOWN_FOR_SECONDS: Final = 10.0  # the same for which webhooks have a pace that was found
LEAST_RATE: Final = 1.0
COUNTED_SECONDS: Final = 2.0  # a rate is judged, and halved, when it was held that long
REFUSED_SHARE: Final = 0.02
STRAY: Final = 1.0  # one refusal, or ten timeouts, come of what travelled faster than what was sent before it
OLD_SECONDS: Final = 30.0  # a share of more than that would not show that the receiver has just become slow
HELD_SECONDS: Final = 300.0  # for so long it rises to its ceiling only: what finds out that there is more is refused
ROUGHLY_HELD_SECONDS: Final = 30.0  # the same for a ceiling that is an estimate, and may be far too low
RISE_SECONDS: Final = 5.0
RISES: Final = 12  # from half of what was too much to all of it: six steps, half a minute
FORGET_SECONDS: Final = 600.0
_TRIES: Final = 10
_REFUSALS: Final = {"http_429": 1.0, FailureKind.TIMEOUT: 0.1}  # a timeout may have other causes


@frozen
class Pace:
    """A webhook's pace since `since`, when its rate last changed. Numbers need not be whole.

    rate       deliveries per second
    served     the number that was being served then
    drawn      the highest number that was drawn
    taken      how many were drawn since then
    refused    how many of the attempts begun since then were answered 429, and a tenth of those that timed out
    step       by how much the rate rises each time; 0 for a rate that was not found but set
    slowed_at  when the rate was last halved, or the first refusal came; 0 for one that was set
    ceiling    what the rate rises to until `held_until`, since that much got through; 0 where it is not known
    """

    webhook_id: str
    rate: float
    since: float
    served: float = 0.0
    drawn: float = -1.0
    taken: int = 0
    refused: float = 0.0
    step: float = 0.0
    slowed_at: float = 0.0
    ceiling: float = 0.0
    held_until: float = 0.0

    def serving(self, now: float) -> float:
        """The number that is being served."""
        return self.served + max(0.0, now - self.since) * self.rate

    def moment(self, number: float) -> float:
        """When a number is served."""
        return self.since + (number - self.served) / self.rate

    def most(self, limit: float, now: float) -> float:
        """What it rises to at present; `limit` is what it rises to in the end."""
        return min(limit, self.ceiling) if self.ceiling and now < self.held_until else limit

    def soonest(self, number: float, now: float, limit: float) -> float:
        """The soonest that a number may be served, if the rate rises as fast as it may."""
        most, ahead = self.most(limit, now), number - self.serving(now)
        wait = self._least_wait(ahead, self.rate, most)
        held = self.held_until - now
        if most < limit and wait > held:
            wait = held + self._least_wait(ahead - most * held, most, limit)
        return now + wait

    def _least_wait(self, ahead: float, rate: float, most: float) -> float:
        """Seconds in which so many are served, at a rate that rises at once and all the while, up to `most`."""
        if not self.step or rate >= most:
            return ahead / rate
        rate, rise = min(rate + self.step, most), self.step / RISE_SECONDS
        rising_for = (most - rate) / rise
        served = rising_for * (rate + most) / 2
        if ahead > served:
            return rising_for + (ahead - served) / most
        return (math.sqrt(rate**2 + 2 * rise * max(0.0, ahead)) - rate) / rise

    def changed(self, now: float, rate: float, **facts: float) -> "Pace":
        """The same numbers at another rate from now on."""
        return replace(self, rate=rate, served=self.serving(now), since=now, taken=0, refused=0, **facts)  # type: ignore[arg-type]

    def halved(self, now: float, until: float) -> "Pace":
        """Half of what was sent until then, or might have been if less was."""
        rate = max(min(self.rate, self.sent(now, until) / (until - self.since)) / 2, min(self.rate, LEAST_RATE))
        known, held = self.got_through(now, until)
        # A receiver that counts what it refuses, too, lets through nearly nothing of what is too much.
        ceiling = known if known > rate else 0.0
        return self.changed(now, rate, step=2 * rate / RISES, slowed_at=now, ceiling=ceiling, held_until=now + held)

    def got_through(self, now: float, until: float) -> tuple[float, float]:
        """The rate that is known to be taken, or 0, and for how long to go by that.

        The last one before it rose to this; or a little less than was sent and not refused, which is an estimate: not
        all that is sent is known of until all processes draw.
        """
        if self.has_risen():
            return self.rate - self.step, HELD_SECONDS
        if self.has_line(now):
            return SHARE_OF_LIMIT * (self.sent(now, until) - self.refused) / (until - self.since), ROUGHLY_HELD_SECONDS
        return 0.0, 0.0

    def has_risen(self) -> bool:
        """Whether a step less was held for long enough, and was not too fast."""
        return bool(self.step) and self.rate > (RISES / 2 + 0.5) * self.step

    def has_line(self, now: float) -> bool:
        """Whether some wait for their turn."""
        return self.drawn >= self.serving(now)

    def sent(self, now: float, until: float) -> float:
        """How many were sent until then: what was drawn, or as many as can be while some wait for their turn."""
        if self.has_line(now):
            return self.serving(until) - self.served
        return self.taken * (until - self.since) / max(now - self.since, 0.001)

    def is_too_fast(self, now: float, until: float) -> bool:
        """Whether it was held for long enough to be judged, and too much of it was refused.

        Of what was sent after `until` nobody knows yet whether it is refused.
        """
        too_many = max(self.sent(now, until) * REFUSED_SHARE, STRAY)
        return until - self.since >= COUNTED_SECONDS and self.refused > too_many

    def is_old(self, now: float) -> bool:
        """Whether what was found of the receiver is too old to go by."""
        return self.slowed_at > 0 and now - self.slowed_at > FORGET_SECONDS

    def is_over(self, now: float) -> bool:
        """Whether there is no pace any more. Who still waits for a turn would come in a crowd."""
        return self.is_old(now) and not self.has_line(now)


class Paces(Protocol):
    """Rows of paces, see `stores.paces`. `own`: of a webhook with a limit; the others are found together."""

    def get(self, webhook_id: str, *, own: bool) -> Pace | None:
        """The pace, None when there is none."""
        ...

    def found(self) -> Sequence[Pace]:
        """The paces of all webhooks without a limit of their own that have one."""
        ...

    def put(self, pace: Pace, over: Pace | None, *, own: bool) -> bool:
        """Write it over another, or where there is none; False when it has changed meanwhile. `drawn` is left alone."""
        ...

    def draw(self, pace: Pace, *, serving: float, own: bool) -> Pace | None:
        """The next number, `serving` at least, is `drawn` of what comes back; None when the rate has changed."""
        ...

    def refuse(self, pace: Pace, weight: float, *, own: bool) -> Pace | None:
        """Add to what was refused; None when the rate has changed meanwhile."""
        ...


@frozen(kw_only=False)
class Turn:
    """A number whose moment is not near; `at` is when to look at it again."""

    number: float
    at: float


@dataclass(eq=False, repr=False)
class _Known:
    """Rows as they were read, and when."""

    found_at: float = 0.0
    found: frozenset[str] = frozenset()
    paces: dict[str, tuple[float, Pace]] = field(default_factory=dict)


@frozen
class Pacer:
    """Has deliveries keep to their webhook's pace. Raises StoreError for our own faults. Threads may share it."""

    records: Paces
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _known: _Known = field(default_factory=lambda: _Known())
    _lock: Lock = field(default_factory=Lock)

    def refresh(self) -> None:
        """Read which webhooks have a pace that was found, where what is known is too old."""
        self._found()

    def turn(self, webhook: Webhook, number: float | None) -> Turn | None:
        """None when a delivery may be sent, which may be after a wait; else its turn. `number`: its own, if any."""
        pace = self._pace(webhook)
        if pace and number is not None and number > pace.drawn:
            self._forget(webhook)  # drawn since this process has read the row, or of a row that is no more
            pace = self._pace(webhook)
        if pace is None:
            return None
        if number is None or number > pace.drawn or pace.moment(number) < self.clock() - LATE_SECONDS:
            pace = self._drawn(webhook, pace)
            number = pace.drawn
        now = self.clock()
        wait = pace.moment(number) - now
        if wait > PATIENCE_SECONDS:
            # A rate that was found rises: who comes back at the moment that today's rate gives comes too late.
            soonest = pace.soonest(number, now, _limit(webhook) or MOST_PER_SECOND)
            return Turn(number, min(soonest, now + LONGEST_WAIT_SECONDS))
        if wait > 0:
            self.sleep(wait)
        return None

    def attempted(self, webhook: Webhook, outcome: Outcome, started_at: float) -> None:
        """Called after each attempt: a receiver that refuses more than now and then is given half."""
        weight = _REFUSALS.get(outcome.code)
        if weight is None:
            return
        own, now = _own(webhook), self.clock()
        pace = self.records.get(webhook.id, own=own)
        if pace is None or (not own and pace.is_over(now)):
            before = pace or Pace(webhook_id=webhook.id, rate=MOST_PER_SECOND, since=now)
            # The numbers of a row go on.
            first = before.changed(now, MOST_PER_SECOND, step=0.0, slowed_at=now)
            self.records.put(first, pace, own=own)
        elif started_at - pace.since > OLD_SECONDS:
            self.records.put(pace.changed(now, pace.rate), pace, own=own)
        elif started_at >= (pace.slowed_at if pace.has_risen() else pace.since):
            # What is refused of a lower rate than today's speaks against today's; what was sent at a higher one not.
            until = now if pace.has_risen() else started_at
            counted = self.records.refuse(pace, weight, own=own)
            if counted and counted.is_too_fast(now, until):
                self.records.put(counted.halved(now, until), counted, own=own)
        self._forget(webhook)

    def _pace(self, webhook: Webhook) -> Pace | None:
        """The row as it ought to be now; None for a webhook that may be sent to as fast as can be."""
        if not _own(webhook) and webhook.id not in self._found():
            return None
        for _ in range(_TRIES):
            pace = self._read(webhook)
            wanted = _wanted(webhook, pace, self.clock())
            if wanted is None or wanted == pace:
                return wanted
            self.records.put(wanted, pace, own=_own(webhook))
            self._forget(webhook)
        raise StoreError("the webhook's pace changes too often")

    def _drawn(self, webhook: Webhook, pace: Pace) -> Pace:
        for _ in range(_TRIES):
            drawn = self.records.draw(pace, serving=pace.serving(self.clock()), own=_own(webhook))
            if drawn:
                self._keep(self.clock(), drawn)
                return drawn
            self._forget(webhook)
            again = self._pace(webhook)
            if again is None:
                break
            pace = again
        raise StoreError("the webhook's pace changes too often")

    def _read(self, webhook: Webhook) -> Pace | None:
        now = self.clock()
        read_at, pace = self._known.paces.get(webhook.id, (0.0, None))
        if pace is None or now - read_at > LOOKED_AT_FOR_SECONDS:
            pace = self.records.get(webhook.id, own=_own(webhook))
            if pace:
                self._keep(now, pace)
        return pace

    def _found(self) -> frozenset[str]:
        now = self.clock()
        if now - self._known.found_at > KNOWN_FOR_SECONDS:
            self._known.found = frozenset(one.webhook_id for one in self.records.found() if not one.is_over(now))
            self._known.found_at = now
        return self._known.found

    def _keep(self, now: float, pace: Pace) -> None:
        with self._lock:
            if len(self._known.paces) > 1000:
                self._known.paces.clear()
            self._known.paces[pace.webhook_id] = now, pace

    def _forget(self, webhook: Webhook) -> None:
        with self._lock:
            self._known.paces.pop(webhook.id, None)
        self._known.found_at = 0.0


def _own(webhook: Webhook) -> bool:
    return webhook.deliveries_per_second is not None


def _limit(webhook: Webhook) -> float | None:
    """As it stands in a row, where numbers have three decimals."""
    limit = webhook.deliveries_per_second
    return None if limit is None else round(SHARE_OF_LIMIT * limit, 3)


def _wanted(webhook: Webhook, pace: Pace | None, now: float) -> Pace | None:
    """The pace as it ought to be: of the webhook's limit, and risen where nothing was refused for a while."""
    limit = _limit(webhook)
    if limit is None:
        if pace is None or pace.is_over(now):
            return None
    elif pace is None:
        return Pace(webhook_id=webhook.id, rate=limit, since=now)
    elif pace.is_old(now):
        return pace.changed(now, limit, step=0.0, slowed_at=0.0)
    most = pace.most(limit or MOST_PER_SECOND, now)
    if pace.rate > most or (pace.rate < most and not pace.step):
        return pace.changed(now, most)
    if pace.rate < most and now - pace.since >= RISE_SECONDS:
        return pace.changed(now, min(most, pace.rate + pace.step))
    return pace
