"""An attempt as a row keeps it: what was sent, what came back, compressed, and never so much that the row bursts."""

import json
import zlib
from typing import Any, Final

from grantwire.invoking import Invocation
from grantwire.models import HttpRequest, HttpResponse

KEPT_RESPONSE_BYTES: Final = 4 * 1024
KEPT_REQUEST_BYTES: Final = 32 * 1024
KEPT_VALUES: Final = 5
MAX_ATTEMPT_BYTES: Final = 12_000  # compressed; a row holds at most twenty attempts, DynamoDB's items end at 400 KB


def write_attempt(invocation: Invocation) -> bytes:
    """The attempt, compressed; without bodies and headers, and what validators found, where these are too much."""
    attempt = _attempt(invocation)
    for without in ((), ("request", "response"), ("request", "response", "validators")):
        left_out = dict.fromkeys(without) | ({"cut": True} if without else {})
        written = compressed(attempt | left_out)
        if len(written) <= MAX_ATTEMPT_BYTES:
            break
    return written


def write_interruption(number: int, started_at: float) -> bytes:
    """An attempt of which nothing is known but that its sender did not come back."""
    sentence = "the sender stopped before it could record what became of it; the receiver may have seen it"
    return compressed({"started_at": started_at, "number": number, "code": "interrupted", "sentence": sentence})


def read_attempt(data: bytes) -> dict[str, Any]:
    """An attempt as it was written."""
    attempt: dict[str, Any] = json.loads(zlib.decompress(data))
    return attempt


def compressed(value: object) -> bytes:
    """JSON, compressed."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)


def _attempt(invocation: Invocation) -> dict[str, object]:
    timings = invocation.timings
    return {
        "started_at": round(invocation.started_at, 3),
        "webhook_version": invocation.webhook_version,
        "state": invocation.outcome.state,
        "code": invocation.outcome.code,
        "sentence": invocation.outcome.sentence,
        "request": invocation.request and _request(invocation.request),
        "response": invocation.response and _response(invocation.response),
        "validators": [
            {"json_path": one.validator.json_path, "holds": one.holds, "found": one.found[:KEPT_VALUES]}
            for one in invocation.verdicts
        ],
        "timings": [timings.dns, timings.connect, timings.tls, timings.first_byte, timings.total],
        "remote_address": invocation.remote_address,
    }


def _request(request: HttpRequest) -> dict[str, object]:
    body = {"body": _text(request.body, KEPT_REQUEST_BYTES), "cut": len(request.body) > KEPT_REQUEST_BYTES}
    return {"method": request.method, "url": request.url, "headers": request.headers, **body}


def _response(response: HttpResponse) -> dict[str, object]:
    cut = response.truncated or len(response.body) > KEPT_RESPONSE_BYTES
    return {
        "status": response.status,
        "headers": response.headers,
        "body": _text(response.body, KEPT_RESPONSE_BYTES),
        "cut": cut,
    }


def _text(body: bytes, most: int) -> str:
    return body[:most].decode("utf-8", "replace")
