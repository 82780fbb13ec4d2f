"""`retrying`: the schedule, its jitter, `Retry-After`, and the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.judging import Outcome
from grantwire.models import HttpResponse, State
from grantwire.retrying import MAX_RETRY_AFTER_SECONDS, SCHEDULE_SECONDS, Next, after, retry_after_seconds

NOW = 1_795_000_000.0  # 2026-11-18 11:06:40 UTC
PASSING = Outcome(State.WAITING, "http_500", "the receiver answered 500")


def answered(status: int, retry_after: str) -> HttpResponse:
    return HttpResponse(status=status, headers=(("retry-After", retry_after),), body=b"", truncated=False)


@pytest.mark.parametrize(
    ("attempts", "least", "most"),
    [(1, 2.5, 5), (2, 15, 30), (3, 150, 300), (4, 900, 1800), (5, 3600, 7200), (6, 9000, 18_000), (10, 43_200, 86_400)],
)
def test_the_schedule(attempts: int, least: float, most: float) -> None:
    """Each wait lies between half and the whole of its step."""
    shortest = after(PASSING, attempts=attempts, max_attempts=11, now=NOW, random=lambda: 0.0)
    longest = after(PASSING, attempts=attempts, max_attempts=11, now=NOW, random=lambda: 1.0)
    assert [shortest, longest] == [Next(State.WAITING, NOW + least), Next(State.WAITING, NOW + most)]


@pytest.mark.parametrize(("attempts", "max_attempts"), [(1, 1), (3, 3), (11, 11), (11, 50), (5, 3)])
def test_the_last_attempt_ends_it(attempts: int, max_attempts: int) -> None:
    """A failure that may pass is final when no attempt is left."""
    assert after(PASSING, attempts=attempts, max_attempts=max_attempts, now=NOW, random=lambda: 0.5) == Next(
        State.FAILED
    )


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
def test_what_is_final_stays(state: State) -> None:
    """No wait after a success, nor after a final answer."""
    outcome = Outcome(state, "x", "x")
    assert after(outcome, attempts=1, max_attempts=11, now=NOW, random=lambda: 0.5) == Next(state)


@given(st.integers(1, 10), st.floats(0, 1), st.floats(0, 90_000))
def test_the_receivers_wish_is_a_lower_bound(attempts: int, chance: float, wish: float) -> None:
    """Never earlier than asked for, never earlier than half of the step, and bounded."""
    following = after(
        PASSING, attempts=attempts, max_attempts=11, now=NOW, random=lambda: chance, at_least_seconds=wish
    )
    assert following.due_at is not None
    wait = following.due_at - NOW
    assert wait >= max(wish, SCHEDULE_SECONDS[attempts] / 2) - 1e-6
    assert wait <= max(wish, SCHEDULE_SECONDS[attempts]) + 1e-6


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "120", 120),
        (503, " 7 ", 7),
        (503, "Wed, 18 Nov 2026 11:08:40 GMT", 120),
        (429, "Wednesday, 18-Nov-26 11:08:40 GMT", 120),
        (429, "Wed, 18 Nov 2020 11:08:40 GMT", 0),
        (429, "99999999999999999999", MAX_RETRY_AFTER_SECONDS),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_SECONDS),
        (503, "soon", 0),
        (503, "", 0),
        (503, "-5", 0),
        (503, "1.5", 0),
        (503, "²", 0),
        (500, "120", 0),
        (302, "120", 0),
    ],
)
def test_retry_after(status: int, value: str, seconds: float) -> None:
    """Seconds or a date, on 429 and 503 only; what cannot be read asks for nothing."""
    assert retry_after_seconds(answered(status, value), NOW) == seconds


def test_no_answer_asks_for_nothing() -> None:
    """A timeout has no headers."""
    assert retry_after_seconds(None, NOW) == 0


@given(st.text())
def test_any_retry_after_is_bounded(value: str) -> None:
    """A hostile header costs a day at most, and raises nothing."""
    assert 0 <= retry_after_seconds(answered(429, value), NOW) <= MAX_RETRY_AFTER_SECONDS
