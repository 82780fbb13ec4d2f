"""What follows an attempt: pure, so that it can be simulated.

Equal jitter: half of each wait is certain, half is chance, so that deliveries that failed together do not come back
together. `Retry-After`: RFC 9110, 10.2.3; heeded on 429 and 503.
"""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from grantwire.frozen import frozen
from grantwire.judging import Outcome
from grantwire.models import HttpResponse, State

SCHEDULE_SECONDS: Final = (0, 5, 30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
NO_ATTEMPTS_LEFT: Final = "no_attempts_left"  # the code of what ends since its webhook has fewer attempts by now
MAX_ATTEMPTS: Final = len(SCHEDULE_SECONDS)
MAX_RETRY_AFTER_SECONDS: Final = 86_400.0
_HEEDED: Final = (429, 503)


@frozen(kw_only=False)
class Next:
    """What becomes of a delivery; when it waits, `due_at` is the moment of its next attempt (epoch seconds)."""

    state: State
    due_at: float | None = None


def after(
    outcome: Outcome,
    *,
    attempts: int,
    max_attempts: int,
    now: float,
    random: Callable[[], float],
    at_least_seconds: float = 0.0,
) -> Next:
    """What follows the delivery's attempt number `attempts` (from 1) that ended at `now`.

    `random` gives a number from 0 to 1. `at_least_seconds` is what the receiver asked for.
    """
    if outcome.state is not State.WAITING:
        return Next(outcome.state)
    if attempts >= min(max_attempts, MAX_ATTEMPTS):
        return Next(State.FAILED)
    whole = SCHEDULE_SECONDS[attempts]
    return Next(State.WAITING, now + max(whole / 2 + whole / 2 * random(), at_least_seconds))


def retry_after_seconds(response: HttpResponse | None, now: float) -> float:
    """What the receiver's `Retry-After` asks for, 24 hours at most; 0 without a usable one."""
    if response is None or response.status not in _HEEDED:
        return 0.0
    value = next((value.strip() for name, value in response.headers if name.lower() == "retry-after"), "")
    if value.isascii() and value.isdigit():
        return min(float(value[:10]), MAX_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
