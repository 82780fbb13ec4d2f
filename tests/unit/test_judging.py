"""`judging`: the table "What each answer means"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.judging import Outcome, judge
from grantwire.models import Exchange, Failure, FailureKind, HttpResponse, ResponseValidator, State, Timings
from grantwire.validators import ValidatorVerdict


def answered(status: int) -> Exchange:
    """An exchange that ended with an answer."""
    response = HttpResponse(status=status, headers=(), body=b"", truncated=False)
    return Exchange(response=response, failure=None, timings=Timings(), remote_address="192.0.2.1")


def failed(kind: FailureKind) -> Exchange:
    """An exchange that ended without one."""
    return Exchange(response=None, failure=Failure(kind, "a sentence"), timings=Timings(), remote_address=None)


def verdict(*, holds: bool, path: str = "$.data.status") -> ValidatorVerdict:
    """What one validator said."""
    validator = ResponseValidator(json_path=path, expected_values=("accepted",))
    return ValidatorVerdict(validator=validator, holds=holds, found=(), reason="" if holds else f"{path} was wrong")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
def test_2xx_succeeds(status: int) -> None:
    """Without validators, or when all of them hold; the sentence says which."""
    expected = Outcome(State.SUCCEEDED, f"http_{status}", f"the receiver answered {status}")
    assert expected == judge(answered(status), ())
    held = judge(answered(status), (verdict(holds=True), verdict(holds=True)))
    assert (held.state, held.code) == (State.SUCCEEDED, f"http_{status}")
    assert held.sentence == f"the receiver answered {status} and every response validator holds"


def test_2xx_fails_for_good_when_a_validator_does_not_hold() -> None:
    """The receiver did take the event: it is not sent again. The first validator that fails is named."""
    verdicts = (verdict(holds=True), verdict(holds=False, path="$.a"), verdict(holds=False, path="$.b"))
    outcome = judge(answered(200), verdicts)
    assert (outcome.state, outcome.code) == (State.FAILED, "validator")
    assert outcome.sentence == "the receiver answered 200, but $.a is not as expected: $.a was wrong"


def test_410_fails_for_good() -> None:
    """Gone: the receiver wants no more."""
    outcome = judge(answered(410), ())
    assert (outcome.state, outcome.code) == (State.FAILED, "http_410")
    assert outcome.sentence == "the receiver answered 410: it is gone and wants no more events"


@pytest.mark.parametrize(
    "status", [100, 199, 300, 301, 304, 305, 307, 308, 400, 401, 403, 404, 408, 409, 411, 422, 429, 500, 503, 599]
)
def test_any_other_answer_may_pass(status: int) -> None:
    """A token that is being rotated, a route that is being deployed; validators are not asked."""
    outcome = judge(answered(status), (verdict(holds=True),))
    assert (outcome.state, outcome.code) == (State.WAITING, f"http_{status}")
    assert outcome.sentence.startswith(f"the receiver answered {status}")
    assert ("redirects are not followed" in outcome.sentence) is (status in (300, 301, 307, 308))


FINAL = {FailureKind.ADDRESS_NOT_ALLOWED, FailureKind.URL_UNUSABLE, FailureKind.TEMPLATE}


@pytest.mark.parametrize("kind", FailureKind)
def test_without_an_answer_it_depends_on_whether_anything_was_sent(kind: FailureKind) -> None:
    """What could not be sent will not be sendable next time either; the rest may pass."""
    state = State.FAILED if kind in FINAL else State.WAITING
    assert judge(failed(kind), ()) == Outcome(state, kind, "a sentence")


@given(st.integers(100, 599), st.lists(st.booleans(), max_size=3))
def test_an_attempt_never_succeeds_without_2xx_and_every_validator(status: int, held: list[bool]) -> None:
    """And it never leaves a delivery in the state `delivering`."""
    outcome = judge(answered(status), tuple(verdict(holds=one) for one in held))
    assert (outcome.state is State.SUCCEEDED) is (200 <= status <= 299 and all(held))
    assert outcome.state is not State.DELIVERING
