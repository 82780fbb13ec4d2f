"""JSON Schemas of deliveries, replay jobs and invocation data, for the description."""

from schema_parts import FLAG, NUMBER, TEXT, TIME, WHOLE, Schema, items, nullable, object_of, ref, says

_STATES = says(TEXT, "delivering, waiting, succeeded or failed")
_HEADERS = items(object_of(("name", "value"), name=TEXT, value=TEXT))
_TIMINGS = object_of(
    ("total_ms",),
    **dict.fromkeys(("dns_ms", "connect_ms", "tls_ms", "first_byte_ms"), nullable(NUMBER)),
    total_ms=nullable(NUMBER),
)


def components() -> dict[str, Schema]:
    """Every schema that has a name."""
    return {**_deliveries(), **_jobs(), **_tests()}


def _deliveries() -> dict[str, Schema]:
    last = object_of(
        ("started_at", "code", "http_status", "duration_ms"),
        started_at=TIME,
        code=TEXT,
        http_status=says(nullable(WHOLE), "null when no whole answer came"),
        duration_ms=nullable(NUMBER),
    )
    fields: dict[str, Schema] = {
        "id": says(TEXT, "the webhook-id that the receiver sees"),
        **dict.fromkeys(("webhook_id", "event_id", "trigger"), TEXT),
        "event_time": TIME,
        "request_id": says(nullable(TEXT), "as people see it, AR-123; null when the event is not at hand"),
        "state": _STATES,
        "code": nullable(TEXT),
        "reason": nullable(TEXT),
        "attempts": WHOLE,
        "created_at": TIME,
        "updated_at": TIME,
        "next_attempt_at": nullable(TIME),
        "parked_host": says(nullable(TEXT), "the host that is down, for which the delivery waits"),
        "last_attempt": nullable(last),
    }
    more = {"history": items(ref("Attempt")), "payload": says({}, "null when the event is not stored any more")}
    event = {"event_id": TEXT, "trigger": TEXT, "event_time": TIME, "request_id": nullable(TEXT)}
    return {
        "Delivery": object_of(tuple(fields), **fields),
        "WholeDelivery": {"allOf": [ref("Delivery"), object_of(tuple(more), **more)]},
        "DeliveryPage": object_of(
            ("items", "next_cursor"),
            items=items(ref("Delivery")),
            next_cursor=says(nullable(TEXT), "null at the end; a page may be empty and have one"),
        ),
        "EventDeliveries": object_of((*event, "items"), **event, items=items(ref("Delivery"))),
        "Attempt": _attempt(),
    }


def _attempt() -> Schema:
    message = {"headers": _HEADERS, "body": TEXT, "truncated": FLAG}
    request = object_of(("method", "url", *message), method=TEXT, url=TEXT, **message)
    response = object_of(("status", *message), status=WHOLE, **message)
    fields: dict[str, Schema] = {
        "number": WHOLE,
        "before_replay": FLAG,
        "started_at": TIME,
        "code": TEXT,
        "reason": TEXT,
        "request": nullable(request),
        "response": nullable(response),
        "validators": items({"type": "object"}),
        "timings": nullable(_TIMINGS),
        "remote_address": nullable(TEXT),
    }
    return object_of(tuple(fields), **fields)


def _jobs() -> dict[str, Schema]:
    fields: dict[str, Schema] = {
        **dict.fromkeys(("id", "webhook_id"), TEXT),
        **dict.fromkeys(("since", "until", "created_at"), TIME),
        "per_minute": WHOLE,
        "state": says(TEXT, "running, done or cancelled"),
        "total": says(WHOLE, "how many there were when the job was made"),
        "replayed": WHOLE,
    }
    return {
        "ReplayJob": object_of(tuple(fields), **fields),
        "ReplayJobs": object_of(("items",), items=items(ref("ReplayJob"))),
        "ReplayStarted": object_of(
            ("count", "job"), count=WHOLE, job=says(nullable(ref("ReplayJob")), "null for a dry run")
        ),
    }


def _tests() -> dict[str, Schema]:
    request = object_of(("method", "url", "headers", "body"), method=TEXT, url=TEXT, headers=_HEADERS, body=TEXT)
    response = object_of(
        ("status", "headers", "body", "truncated"), status=WHOLE, headers=_HEADERS, body=TEXT, truncated=FLAG
    )
    before: dict[str, Schema] = {
        "event": says({"type": "object"}, "the payload that was used"),
        "filters": says(items({"type": "object"}), "each with whether it holds and what it found"),
        "warnings": says(items({"type": "object"}), "what is probably a mistake"),
    }
    data: dict[str, Schema] = {
        "outcome": says(TEXT, "successful or failed"),
        "sentence": TEXT,
        **before,
        "request": nullable(request),
        "response": nullable(response),
        "validators": items({"type": "object"}),
        "timings": _TIMINGS,
        "remote_address": nullable(TEXT),
        "retry": says({"type": "object"}, "what a delivery would do next, and when"),
        "tips": items(TEXT),
    }
    preview = {**before, "request": nullable(request), "problem": nullable(TEXT)}
    return {
        "InvocationData": object_of(tuple(data), **data),
        "Preview": object_of(tuple(preview), **preview),
    }
