"""A test of a webhook, saved or draft: one real request, and everything about it in the answer."""

import json
from collections.abc import Mapping
from typing import Final

from grantwire import filters, request_events
from grantwire.errors import InvalidEventError, InvalidWebhookError, Problem
from grantwire.invoking import Invocation, Invoker
from grantwire.models import TRIGGERS, HttpRequest, HttpResponse, RequestEvent, State, Webhook
from grantwire.samples import sample_event

MOST_SECONDS: Final = 25.0  # API Gateway gives up after 30
SHOWN_RESPONSE_BYTES: Final = 16 * 1024


def event_for(webhook: Webhook, document: Mapping[str, object]) -> RequestEvent:
    """The event a test uses: the one given (`event`, a payload), or the sample of `trigger`, or of the webhook's first.

    Raises InvalidWebhookError naming the field when it is unusable.
    """
    trigger = document.get("trigger") or webhook.triggers[0]
    if trigger not in TRIGGERS:
        raise InvalidWebhookError([Problem("trigger", json.dumps(trigger), f"must be one of {', '.join(TRIGGERS)}")])
    payload = document.get("event")
    if payload is None:
        return sample_event(str(trigger))
    named = payload.get("event_type") if isinstance(payload, dict) else None
    try:
        event = request_events.parse({"detail-type": named or trigger, "id": "test", "detail": payload})
    except InvalidEventError as exc:
        raise InvalidWebhookError([Problem("event", "", str(exc))]) from exc
    if event is None:
        raise InvalidWebhookError(
            [Problem("event.event_type", json.dumps(named), f"must be one of {', '.join(TRIGGERS)}")]
        )
    return event


def run(webhook: Webhook, event: RequestEvent, invoker: Invoker) -> dict[str, object]:
    """Send the event and give the invocation data. Raises StoreError when a secret cannot be opened."""
    secret_values = invoker.open_secrets(webhook)
    timeout_seconds = min(webhook.timeout_seconds, MOST_SECONDS)
    invocation = invoker.invoke(webhook, event, secret_values, timeout_seconds)
    return {
        "outcome": "successful" if invocation.outcome.state is State.SUCCEEDED else "failed",
        "sentence": _sentence(invocation, capped=timeout_seconds < webhook.timeout_seconds),
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
    }


def _sentence(invocation: Invocation, *, capped: bool) -> str:
    verdict = "Test successful" if invocation.outcome.state is State.SUCCEEDED else "Test failed"
    note = f" (a test waits at most {MOST_SECONDS:g} seconds, a delivery as long as the webhook says)" if capped else ""
    late = note if invocation.outcome.code == "timeout" else ""
    return f"{verdict}: {invocation.outcome.sentence}{late}."


def _request(request: HttpRequest) -> dict[str, object]:
    return {
        "method": request.method,
        "url": request.url,
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
