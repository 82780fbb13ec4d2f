"""`circuits`: what counts against a host, and when enough of it opens the circuit."""

import pytest

from grantwire.circuits import FEWEST_ATTEMPTS, WINDOW_SECONDS, Window, host_failed
from grantwire.judging import Outcome
from grantwire.models import State

NOW = 1_795_000_000.0


def outcome(code: str) -> Outcome:
    return Outcome(State.WAITING, code, "")


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        *((code, True) for code in ("dns", "connect", "tls", "timeout", "connection_lost", "protocol")),
        *((code, True) for code in ("http_500", "http_503", "http_599", "http_429")),
        *((code, False) for code in ("http_200", "http_302", "http_401", "http_404", "http_410", "validator")),
        *((code, None) for code in ("address_not_allowed", "url_unusable", "template")),
    ],
)
def test_what_counts_against_a_host(code: str, failed: bool | None) -> None:
    """No answer, or one that says it is overloaded; an answer about the request shows that the host is there."""
    assert host_failed(outcome(code)) is failed


def test_ten_failures_in_a_row_open_the_circuit_and_nine_do_not() -> None:
    """A host that fails once or twice is left to the schedule."""
    window = Window()
    verdicts = [window.add(NOW + second, failed=True) for second in range(FEWEST_ATTEMPTS)]
    assert verdicts == [False] * (FEWEST_ATTEMPTS - 1) + [True]


@pytest.mark.parametrize(("successes", "opens"), [(2, True), (3, False)])
def test_a_few_successes_among_many_failures_do_not_keep_it_closed(successes: int, opens: bool) -> None:
    """Eight in ten must fail."""
    window = Window()
    for _ in range(successes):
        window.add(NOW, failed=False)
    verdicts = [window.add(NOW, failed=True) for _ in range(FEWEST_ATTEMPTS - successes)]
    assert verdicts[-1] is opens


def test_a_success_does_not_open_it() -> None:
    """Nine failures, and the host is there again: whether it is down is asked anew when it next fails."""
    window = Window()
    for _ in range(FEWEST_ATTEMPTS - 1):
        window.add(NOW, failed=True)
    assert [window.add(NOW, failed=failed) for failed in (False, True)] == [False, True]


def test_what_is_long_ago_does_not_count() -> None:
    """A slow trickle of failures opens nothing: the window slides."""
    window = Window()
    apart = WINDOW_SECONDS / (FEWEST_ATTEMPTS - 2)
    assert not any(window.add(NOW + number * apart, failed=True) for number in range(100))
