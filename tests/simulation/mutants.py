"""Faults put into the code on purpose, in memory only: each must break a promise; see `make mutants`.

A mutant is one edit of a module's source. Those of `fakes` are faults of the table: conditions that do not hold.
"""
# ruff: noqa: T201 - a command prints

import argparse
import sys
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from grantwire import delivering, dispatching, pacing, redelivering, replaying, sweeping
from tests import fakes
from tests.simulation.edited import edited
from tests.simulation.run import broken
from tests.simulation.world import Code, Seen

MOST_SEEDS: Final = 4_000


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A fault: in the module, `old` becomes `new`. `seed`: where to begin, for one that few seeds catch."""

    name: str
    module: ModuleType
    old: str
    new: str
    seed: int = 0

    @property
    def code(self) -> Code:
        """The code with the fault in it."""
        name = self.module.__name__.rpartition(".")[2]
        return Code(**{name: edited(self.module, (self.old, self.new))})


def _unconditional(what: str) -> Mutant:
    """A write that takes effect whatever the row has become."""
    condition = "_held(row.delivery, lease=same_lease) != _held(old, lease=same_lease)"
    return Mutant(
        name=f"{what} without its condition",
        module=fakes,
        old=condition,
        new=f"(what != {what!r} and {condition})",
    )


MUTANTS: Final = (
    Mutant(
        name="claim_new without its condition",
        module=fakes,
        old="if found and not _is(found, over):",
        new='if found and not _is(found, over) and what != "claim_new":',
    ),
    *(_unconditional(what) for what in ("claim", "record", "interrupt", "end", "restart")),
    Mutant(
        name="an interrupted attempt is not counted",
        module=fakes,
        old="ended = _after(delivery, following, sweep_at)",
        new="ended = _after(replace(delivery, attempts=delivery.attempts - 1), following, sweep_at)",
    ),
    Mutant(
        name="a claim has no lease in the index",
        module=fakes,
        old="            sweep_at=lease_until,\n",
        new="            sweep_at=None,\n",
    ),
    Mutant(
        name="a lease ends too soon in the index",
        module=fakes,
        old="            sweep_at=lease_until,\n",
        new="            sweep_at=lease_until - 50.0,\n",
    ),
    Mutant(
        name="what has ended stays parked",
        seed=860,
        module=fakes,
        old="number=None, parked_for=None, parked_at=None)",
        new="number=None)",
    ),
    Mutant(
        name="record_new without its condition",
        module=fakes,
        old="if row and not _is(row, over):",
        new="if False:",
    ),
    Mutant(
        name="record_new leaves a row that only looks after it",
        module=fakes,
        old="if row and not _is(row, over):",
        new="if row:",
    ),
    Mutant(
        name="a sender that lives gives way to the row that looks after it",
        seed=11500,
        module=fakes,
        old="if found and not _is(found, over):",
        new="if found:",
    ),
    Mutant(
        name="a first claim has no lease in the index",
        module=delivering,
        old="claimed = replace(begun, lease_until=now + LEASE_SECONDS, sweep_at=now + LEASE_SECONDS)",
        new="claimed = replace(begun, lease_until=now + LEASE_SECONDS, sweep_at=None)",
    ),
    Mutant(
        name="a first attempt is young for ever",
        module=delivering,
        old="if begun_at is not None and now - begun_at <= YOUNG_SECONDS:",
        new="if begun_at is not None and begun_at > LONG_AGO:",
    ),
    Mutant(
        name="what begins when an event comes again has no claim",
        module=dispatching,
        old="begun_at = LONG_AGO if before else now",
        new="begun_at = now",
    ),
    Mutant(
        name="nobody looks after a first attempt whose sender died",
        module=delivering,
        old="            self.deliveries.claim_new(first_delivery(webhook_id, event, begun_at))",
        new="            pass",
    ),
    Mutant(
        name="a lease is over when the event comes again",
        module=delivering,
        old="else begun_at + YOUNG_SECONDS + LEASE_SECONDS",
        new="else begun_at",
    ),
    Mutant(
        name="a lease that is shorter than an exchange",
        module=delivering,
        old="else begun_at + YOUNG_SECONDS + LEASE_SECONDS",
        new="else begun_at + LEASE_SECONDS / 2",
    ),
    Mutant(
        name="only what is still wanted is looked after",
        module=dispatching,
        old="        self.deliverer.look_after(before, event)",
        new="        self.deliverer.look_after({one.id: before[one.id] for one in first if one.id in before}, event)",
    ),
    Mutant(
        name="nobody looks after a first attempt whose webhook was switched off",
        seed=5200,
        module=dispatching,
        old="            self.deliverer.look_after(self.events.begun(event.id), event)",
        new="            pass",
    ),
    Mutant(
        name="a wait without the net below its wake-up",
        module=delivering,
        old="look_at = None if following.due_at is None else sweep_at(following.due_at, now)",
        new="look_at = None",
    ),
    Mutant(
        name="what is woken for its turn draws again",
        module=delivering,
        old="self.pacer.turn(webhook, delivery.number)",
        new="self.pacer.turn(webhook, None)",
    ),
    Mutant(
        name="a turn without the net below its wake-up",
        module=delivering,
        old="return _waiting(begun, number=turn.number, due_at=turn.at, sweep_at=sweep_at(turn.at, self.clock()))",
        new="return _waiting(begun, number=turn.number, due_at=turn.at)",
    ),
    Mutant(
        name="nobody waits for a turn",
        seed=1300,
        module=pacing,
        old="        if wait > 0:\n",
        new="        if False:\n",
    ),
    Mutant(
        name="a turn that never comes",
        module=pacing,
        old="return self.since + (number - self.served) / self.rate",
        new="return self.since + 1e9",
    ),
    Mutant(
        name="wake-ups before the rows",
        module=delivering,
        old="        made = [delivery for",
        new="        self.wakeups.send_now(waiting)\n        made = [delivery for",
    ),
    Mutant(
        name="a sort key by chance",
        module=delivering,
        old="sort_key=sort_key(event),",
        new='sort_key=f"{event.time + id(object()) % 97}#{event.id}",',
    ),
    Mutant(
        name="retry after success",
        module=delivering,
        old="            invocation.outcome,\n            attempts",
        new="            replace(invocation.outcome, state=State.WAITING),\n            attempts",
    ),
    Mutant(
        name="attempts without an end",
        module=delivering,
        old="max_attempts=webhook.max_attempts,",
        new="max_attempts=99,",
    ),
    Mutant(
        name="the event is not stored",
        module=dispatching,
        old="before = self.events.keep_event(event, [webhook.id for webhook in first], now=now)",
        new="before = {}",
    ),
    Mutant(
        name="dispatch keeps its faults to itself",
        module=dispatching,
        old="        if faults:",
        new="        if False:",
    ),
    Mutant(
        name="a wake-up is always believed",
        module=redelivering,
        old="return delivery.state is State.WAITING and delivery.attempts == wakeup.attempts and not early",
        new="return True",
    ),
    Mutant(
        name="a wake-up is never too early",
        seed=175,
        module=redelivering,
        old=" and not early",
        new="",
    ),
    Mutant(
        name="an inactive webhook is sent to",
        module=redelivering,
        old="if not webhook.active:",
        new="if False:",
    ),
    Mutant(
        name="interrupted attempts do not count for the policy",
        module=redelivering,
        old="if delivery.attempts >= webhook.max_attempts:",
        new="if False:",
    ),
    Mutant(
        name="a probe is parked like any other",
        module=redelivering,
        old="probe=wakeup.probe",
        new="probe=False",
    ),
    Mutant(
        name="a delivery is replayed before it has ended",
        module=replaying,
        old="if delivery.state not in (State.FAILED, State.SUCCEEDED):",
        new="if False:",
    ),
    Mutant(
        name="the sweep leaves dead senders alone",
        module=sweeping,
        old="            self._interrupt(delivery)",
        new="            pass",
    ),
    Mutant(
        name="the sweep wakes nobody",
        module=sweeping,
        old="            self.wakeups.send(delivery, delay_seconds=0.0)",
        new="            pass",
    ),
    Mutant(
        name="a dead sender's event that nobody stored is let go",
        module=delivering,
        old="elif begun_at is None and (again or found.state is State.DELIVERING):",
        new="elif False:",
        seed=300,
    ),
    Mutant(
        name="the sweep has what has no event woken",
        module=sweeping,
        old="if following.due_at is not None and self.rows.event(delivery.event_id) is None:",
        new="if False:",
        seed=200,
    ),
    Mutant(
        name="the sweep does not postpone what it has woken",
        module=sweeping,
        old="if not self.rows.postpone(delivery, sweep_at=now + AGAIN_SECONDS, due_at=now if late else None):",
        new="if False:",
    ),
)


def caught(mutant: Mutant, seeds: int = MOST_SEEDS) -> Seen | None:
    """The first seed that catches the mutant, None when none of them does."""
    return broken(range(mutant.seed, mutant.seed + seeds), mutant.code)


def main() -> int:
    """The exit status: 1 when a mutant was not caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=MOST_SEEDS, help="how many are tried at most for each")
    given = parser.parse_args()
    survivors = 0
    print(f"{'mutant':<52} {'caught by':<40} at seed")
    for mutant in MUTANTS:
        began = time.monotonic()
        seen = caught(mutant, given.seeds)
        survivors += seen is None
        how = f"{seen.invariant:<40} {seen.seed}" if seen else "NOBODY"
        print(f"{mutant.name:<52} {how} ({time.monotonic() - began:.1f} s)", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
