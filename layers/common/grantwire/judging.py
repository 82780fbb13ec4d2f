"""What an exchange means for its delivery. Pure: the table "What each answer means" of docs/webhooks.md."""

from typing import Final

from grantwire.frozen import frozen
from grantwire.models import Exchange, FailureKind, HttpResponse, State
from grantwire.validators import ValidatorVerdict


@frozen(kw_only=False)
class Outcome:
    """What one attempt came to: the state it leaves, a code for machines, a sentence for people (no secrets in it)."""

    state: State
    code: str
    sentence: str


_FINAL: Final = frozenset({FailureKind.ADDRESS_NOT_ALLOWED, FailureKind.URL_UNUSABLE, FailureKind.TEMPLATE})
REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})  # RFC 9110, 15.4: 304 and 305 lead nowhere
_GONE: Final = 410  # RFC 9110, 15.5.11: the receiver wants no more


def judge(exchange: Exchange, verdicts: tuple[ValidatorVerdict, ...]) -> Outcome:
    """The outcome of an exchange whose response was held against the webhook's validators."""
    if exchange.failure:
        state = State.FAILED if exchange.failure.kind in _FINAL else State.WAITING
        return Outcome(state, exchange.failure.kind, exchange.failure.sentence)
    assert exchange.response is not None  # noqa: S101 - an exchange has one or the other
    return _of_answer(exchange.response, verdicts)


def _of_answer(response: HttpResponse, verdicts: tuple[ValidatorVerdict, ...]) -> Outcome:
    if response.status == _GONE:
        return Outcome(State.FAILED, "http_410", "the receiver answered 410: it is gone and wants no more events")
    if not 200 <= response.status <= 299:
        redirect = "; redirects are not followed" if response.status in REDIRECTS else ""
        return Outcome(State.WAITING, f"http_{response.status}", f"the receiver answered {response.status}{redirect}")
    failed = next((verdict for verdict in verdicts if not verdict.holds), None)
    if failed:
        unexpected = f"{failed.validator.json_path} is not as expected: {failed.reason}"
        return Outcome(State.FAILED, "validator", f"the receiver answered {response.status}, but {unexpected}")
    held = " and every response validator holds" if verdicts else ""
    return Outcome(State.SUCCEEDED, f"http_{response.status}", f"the receiver answered {response.status}{held}")
