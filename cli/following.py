"""What is new in a webhook's deliveries since they were last looked at."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from cli import Document

_OPEN: Final = ("delivering", "waiting")
_MOST_LOOKED_AT: Final = 500  # of one look, however old the oldest delivery is that still waits


class Follower:
    """Remembers each delivery's state; one is news when it is new, or its state or number of attempts has changed."""

    def __init__(self, shown: int) -> None:
        self._shown = shown
        self._seen: dict[str, Document] = {}

    def news(self, newest_first: Iterable[Document]) -> list[Document]:
        """What is news, oldest event first. No more of the deliveries is read than is needed to see it."""
        found = [one for one in self._needed(newest_first) if _standing(one) != _standing(self._seen.get(one["id"]))]
        self._seen |= {one["id"]: one for one in found}
        return found[::-1]

    def _needed(self, newest_first: Iterable[Document]) -> Iterator[Document]:
        """The newest, and on to the oldest that was seen waiting."""
        waiting = [one["event_time"] for one in self._seen.values() if one["state"] in _OPEN]
        oldest = min(waiting, default=None)
        for number, one in enumerate(islice(newest_first, _MOST_LOOKED_AT)):
            if number >= self._shown and (oldest is None or one["event_time"] < oldest):
                return
            yield one


def _standing(one: Document | None) -> tuple[object, ...]:
    return (one["state"], one["attempts"], one.get("code")) if one else ()
