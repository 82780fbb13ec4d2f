"""What goes wrong, how often, and when it stops. Chance decides from one seed; after `quiet_at` nothing goes wrong."""

import random
from dataclasses import dataclass, field
from enum import StrEnum

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
_RATES = (0.0, 0.0, 0.004, 0.02, 0.08)


class Fault(StrEnum):
    """What can happen at a step: a call of a table, a queue, a key, the bus or a receiver."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    ERROR_BEFORE = "error before"
    ERROR_AFTER = "error after"
    REPEATED = "the client repeated it"


_ERRORS = (Fault.ERROR_BEFORE, Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.REPEATED)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A service that cannot be reached for a while."""

    service: str
    since: float
    until: float


@dataclass
class Faults:
    """The faults of one seed."""

    random: random.Random
    began: float
    quiet_at: float = field(init=False)
    crash: float = field(init=False)
    error: float = field(init=False)
    lost: float = field(init=False)
    twice: float = field(init=False)
    late: float = field(init=False)
    early: float = field(init=False)
    slow: float = field(init=False)
    outages: tuple[Outage, ...] = field(init=False)

    def __post_init__(self) -> None:
        chance = self.random
        self.quiet_at = self.began + chance.choice((10 * MINUTE, HOUR, 6 * HOUR, 30 * HOUR, 4 * DAY))
        self.crash, self.error = chance.choice(_RATES), chance.choice(_RATES)
        self.lost, self.twice, self.late, self.early = (chance.choice(_RATES) * 4 for _ in range(4))
        self.slow = chance.choice((0.0, 0.01, 0.01, 0.05, 0.4))
        self.outages = tuple(self._outage() for _ in range(chance.choice((0, 0, 0, 1, 2))))

    def _outage(self) -> Outage:
        since = self.random.uniform(self.began, self.quiet_at)
        until = min(since + self.random.choice((MINUTE, HOUR, 30 * HOUR)), self.quiet_at)
        return Outage(
            service=self.random.choice(("table", "queue", "key", "bus", "webhooks")), since=since, until=until
        )

    @property
    def calm(self) -> bool:
        """Whether no process dies or stands still, and no call fails: messages may come twice, late or never."""
        return self.crash == self.error == self.slow == 0.0 and not self.outages

    def quiet(self, now: float) -> bool:
        """Whether nothing goes wrong any more."""
        return now >= self.quiet_at

    def at_step(self, service: str, now: float) -> Fault | None:
        """What happens at this step."""
        if now >= self.quiet_at:
            return None
        if any(one.service == service and one.since <= now < one.until for one in self.outages):
            return Fault.ERROR_BEFORE
        draw = self.random.random()
        if draw < self.crash:
            return Fault.CRASH_AFTER if draw < self.crash / 2 else Fault.CRASH_BEFORE
        if draw < self.crash + self.error:
            return self.random.choice(_ERRORS)
        return None

    def message_delays(self, now: float, delay: float) -> list[float]:
        """When a message with this delay arrives: once in time, or never, later, a little early, twice."""
        if now >= self.quiet_at:
            return [delay]
        chance = self.random
        delays = [] if chance.random() < self.lost else [delay]
        if chance.random() < self.twice:
            delays.append(delay + chance.uniform(0.0, 30.0))
        if chance.random() < self.late:
            delays = [one + chance.choice((20.0, 200.0, 2 * HOUR)) * chance.random() for one in delays]
        if chance.random() < self.early:
            delays = [max(0.0, one - 40.0 * chance.random() ** 2) for one in delays]
        return delays

    def stall(self, now: float) -> float:
        """How long a process stands still once its answer has come, before it goes on: hardly ever at all."""
        return 60.0 * self.random.random() if now < self.quiet_at and self.random.random() < self.slow else 0.0

    def latency(self, now: float) -> float:
        """How long a call takes, one way: mostly milliseconds, seldom seconds, at times as long as a client tries."""
        draw = self.random.random()
        return 28.0 * self.random.random() if draw < self.slow and now < self.quiet_at else draw**8 * 2.0
