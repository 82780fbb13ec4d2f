"""How often an event went through Grantwire: what ends a loop that leads back by way of other products.

Every request says in `Grantwire-Hops` how many times its event has been sent on, this time included. An event that is
put in by a request with that header carries the number in its payload, and one that went through too often is taken
by nobody. See docs/decisions.md for what this stops and what it does not.
"""

import re
from collections.abc import Mapping
from typing import Final

HEADER: Final = "Grantwire-Hops"
FIELD: Final = "grantwire_hops"
MOST: Final = 3
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


def hops_of(payload: Mapping[str, object]) -> int:
    """How often the event has been sent on already."""
    hops = payload.get(FIELD)
    return hops if type(hops) is int and hops > 0 else 0


def hops_in(header: str | None) -> int:
    """The number in the header of a request; the highest, when it came more than once. Raises ValueError."""
    parts = [part.strip() for part in header.split(",")] if header else []
    if not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError("must be a whole number")
    return max(map(int, parts), default=0)


def problem(hops: int) -> str:
    """Why an event that was sent on so often is not taken; empty when it is."""
    if hops <= MOST:
        return ""
    return f"the event went through Grantwire {hops} times, and {MOST} are allowed: a receiver sends it back in"
