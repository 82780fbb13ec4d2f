"""Puts dead letters back into the normal way: each event goes to dispatch again, as AWS would hand it in."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Protocol

from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.models import DeadLetter
from grantwire.observability import logger


class DeadLetters(Protocol):
    """The queue of events that could not be handled, see `stores.dead_letters`."""

    def waiting(self) -> int:
        """About how many letters there are."""
        ...

    def take(self) -> Sequence[DeadLetter]:
        """Some letters; none when the queue is empty. What is not removed comes back after a while."""
        ...

    def remove(self, letter: DeadLetter) -> None:
        """The letter has been dealt with."""
        ...


class Dispatch(Protocol):
    """The function that handles events, see `stores.functions`."""

    def invoke(self, event: object) -> None:
        """Hand an event in, asynchronously."""
        ...


@frozen(kw_only=False)
class Redriven:
    """How many letters went back, and how many were left: no event could be read in them, or Lambda did not take it."""

    events: int
    unreadable: int
    refused: int


@frozen
class Redriver:
    """Re-drives dead letters. Raises StoreError for the queue's faults: what is left is there in the next run."""

    letters: DeadLetters
    dispatch: Dispatch

    def redrive(self, *, limit: int, has_time: Callable[[], bool]) -> Redriven:
        """Hand in at most `limit` events, and none twice: what fails again comes back to the queue for another run."""
        at_most = min(limit, self.letters.waiting())
        events = unreadable = refused = 0
        while (left := at_most - events - unreadable - refused) > 0 and has_time() and (letters := self.letters.take()):
            for letter in letters[:left]:
                if letter.event is None:
                    unreadable += 1
                    continue
                try:
                    self.dispatch.invoke(letter.event)
                except StoreError as exc:  # one letter's fault, it may be: those behind it are handed in all the same
                    logger().warning("dead letter refused", extra={"reason": str(exc)})
                    refused += 1
                    continue
                self.letters.remove(letter)
                events += 1
        redriven = Redriven(events, unreadable, refused)
        logger().info("dead letters re-driven", extra=asdict(redriven))
        return redriven
