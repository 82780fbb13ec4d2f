"""A test of a webhook, saved or draft: one real request, and everything about it in the answer."""

from dataclasses import replace
from typing import Final

from grantwire import filters, linting, retrying, signing
from grantwire.credentials import header_of
from grantwire.errors import TemplateError
from grantwire.invoking import Invocation, Invoker
from grantwire.models import MASK, HttpRequest, HttpResponse, RequestEvent, State, Webhook
from grantwire.rendering import render
from grantwire.tips import tips
from grantwire.urls import as_sent

MOST_SECONDS: Final = 25.0  # API Gateway gives up after 30
SHOWN_RESPONSE_BYTES: Final = 16 * 1024


def run(webhook: Webhook, event: RequestEvent, invoker: Invoker) -> dict[str, object]:
    """Send the event and give the invocation data. Raises StoreError when a secret cannot be opened."""
    secret_values = invoker.open_secrets(webhook)
    timeout_seconds = min(webhook.timeout_seconds, MOST_SECONDS)
    invocation = invoker.invoke(webhook, event, secret_values, timeout_seconds)
    return {
        "outcome": "successful" if invocation.outcome.state is State.SUCCEEDED else "failed",
        "sentence": _sentence(invocation, capped=timeout_seconds < webhook.timeout_seconds),
        **_before_sending(webhook, event),
        "request": invocation.request and _request(invocation.request),
        "response": invocation.response and _response(invocation.response),
        "validators": [
            {
                "json_path": one.validator.json_path,
                "expected_values": one.validator.expected_values,
                "found": one.found,
                "holds": one.holds,
            }
            for one in invocation.verdicts
        ],
        "timings": _timings(invocation),
        "remote_address": invocation.remote_address,
        "retry": _retry(webhook, invocation),
        "tips": tips(webhook, invocation),
    }


def preview(webhook: Webhook, event: RequestEvent, *, now: float) -> dict[str, object]:
    """What would be sent, without sending it: secrets masked, or the problem when the request cannot be rendered."""
    masked = {header.name: MASK for header in webhook.headers if not isinstance(header.value, str)}
    try:
        request = render(webhook, event, secret_values=masked, sent_at=now)
    except TemplateError as exc:
        return {**_before_sending(webhook, event), "request": None, "problem": str(exc)}
    proofs = [header_of(webhook.authentication)] if webhook.authentication else []
    proofs += [signing.SIGNATURE] if webhook.signing else []
    kept = [header for header in request.headers if header[0].lower() not in [name.lower() for name in proofs]]
    request = replace(request, headers=(*kept, *((name, MASK) for name in proofs)))
    return {**_before_sending(webhook, event), "request": _request(request), "problem": None}


def _before_sending(webhook: Webhook, event: RequestEvent) -> dict[str, object]:
    return {
        "event": event.payload,
        "filters": [
            {
                "field": one.filter.field,
                "operator": one.filter.operator,
                "values": one.filter.values,
                "found": one.found,
                "holds": one.holds,
            }
            for one in filters.explain(webhook.filters, event)
        ],
        "warnings": [
            {"path": one.path, "line": one.line, "column": one.column, "message": one.message}
            for one in linting.warnings(webhook)
        ],
    }


def _retry(webhook: Webhook, invocation: Invocation) -> dict[str, object]:
    """What a delivery's first attempt with this outcome would be followed by, and after how many seconds."""
    wait = retrying.retry_after_seconds(invocation.response, invocation.started_at)
    soonest, latest = (
        retrying.after(
            invocation.outcome,
            attempts=1,
            max_attempts=webhook.max_attempts,
            now=0.0,
            random=chance,
            at_least_seconds=wait,
        )
        for chance in (lambda: 0.0, lambda: 1.0)
    )
    if soonest.state is not State.WAITING:
        ending = (
            "would have succeeded" if soonest.state is State.SUCCEEDED else "would have failed: nothing is sent again"
        )
        return {"state": soonest.state, "sentence": f"A delivery {ending}.", "after_seconds": None}
    seconds = [soonest.due_at, latest.due_at]
    times = f"at most {webhook.max_attempts} times in all"
    after = " to ".join(dict.fromkeys(f"{one:g}" for one in seconds))  # a Retry-After leaves no chance
    sentence = f"A delivery would be sent again after {after} seconds, {times}."
    return {"state": soonest.state, "sentence": sentence, "after_seconds": seconds}


def _sentence(invocation: Invocation, *, capped: bool) -> str:
    verdict = "Test successful" if invocation.outcome.state is State.SUCCEEDED else "Test failed"
    note = f" (a test waits at most {MOST_SECONDS:g} seconds, a delivery as long as the webhook says)" if capped else ""
    late = note if invocation.outcome.code == "timeout" else ""
    return f"{verdict}: {invocation.outcome.sentence}{late}."


def _request(request: HttpRequest) -> dict[str, object]:
    return {
        "method": request.method,
        "url": as_sent(request.url, mask=MASK),
        "headers": _headers(request.headers),
        "body": request.body.decode("utf-8", "replace"),
    }


def _response(response: HttpResponse) -> dict[str, object]:
    return {
        "status": response.status,
        "headers": _headers(response.headers),
        "body": response.body[:SHOWN_RESPONSE_BYTES].decode("utf-8", "replace"),
        "truncated": response.truncated or len(response.body) > SHOWN_RESPONSE_BYTES,
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _timings(invocation: Invocation) -> dict[str, float | None]:
    timings = invocation.timings
    return {
        "dns_ms": timings.dns,
        "connect_ms": timings.connect,
        "tls_ms": timings.tls,
        "first_byte_ms": timings.first_byte,
        "total_ms": timings.total,
    }
