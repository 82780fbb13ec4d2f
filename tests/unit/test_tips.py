"""`tips`: every kind of failure has something to look at."""

from dataclasses import replace

import pytest

from grantwire.invoking import Invocation
from grantwire.judging import Outcome
from grantwire.models import FailureKind, HttpResponse, State, Timings
from grantwire.tips import tips
from tests.unit.conftest import webhook_of


def invocation(code: str, state: State = State.WAITING) -> Invocation:
    return Invocation(
        request=None,
        response=None,
        verdicts=(),
        outcome=Outcome(state, code, ""),
        timings=Timings(),
        remote_address=None,
        started_at=1.0,
        webhook_version=1,
    )


ANSWERS = (
    "301",
    "302",
    "304",
    "307",
    "400",
    "401",
    "403",
    "404",
    "405",
    "410",
    "413",
    "415",
    "422",
    "429",
    "500",
    "503",
)


@pytest.mark.parametrize("code", [*FailureKind, "validator", *(f"http_{status}" for status in ANSWERS)])
def test_every_failure_has_a_tip(code: str) -> None:
    """Whole sentences, none twice."""
    found = tips(webhook_of(), invocation(code, State.FAILED))
    assert found
    assert len(found) == len(set(found))
    assert all(tip[0].isupper() and tip.endswith(".") for tip in found)


def test_a_success_needs_none() -> None:
    """Nothing to look at."""
    assert tips(webhook_of(), invocation("http_202", State.SUCCEEDED)) == ()


def test_what_is_no_redirect_has_no_location() -> None:
    """304 answers a conditional request."""
    assert not any("Location" in tip for tip in tips(webhook_of(), invocation("http_304")))
    assert any("Location" in tip for tip in tips(webhook_of(), invocation("http_308")))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "heeded"),
    [("120", True), ("99999999", True), ("foo", False), ("-1", False), ("1e3", False), ("0", False), (None, False)],
)
def test_a_retry_after_is_spoken_of_when_it_is_heeded(status: int, value: str | None, heeded: bool) -> None:
    """With the longest it can be."""
    headers = () if value is None else (("Retry-After", value),)
    response = HttpResponse(status=status, headers=headers, body=b"", truncated=False)
    found = tips(webhook_of(), replace(invocation(f"http_{status}"), response=response))
    told = [tip for tip in found if "Retry-After" in tip]
    assert told == ["Deliveries wait as long as the answer's Retry-After says, 24 hours at most."] * heeded


@pytest.mark.parametrize(
    ("url", "torq"),
    [
        ("https://hooks.torq.io/v1/webhooks/x", True),
        ("https://hooks.eu.torq.io/v1", True),
        ("https://torq.io/{{data.id}}", True),
        ("https://torq.io.example.com/", False),
        ("https://nottorq.io/", False),
    ],
)
def test_torq_has_hints_of_its_own(url: str, torq: bool) -> None:
    """For Torq's hosts, and nobody else's."""
    found = tips(replace(webhook_of(), url=url), invocation("http_401"))
    assert torq is any(tip.startswith("Torq:") for tip in found)
