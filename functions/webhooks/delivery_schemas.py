"""JSON Schemas of deliveries, replay jobs and invocation data, for the description."""

from schema_parts import FLAG, NUMBER, TEXT, TIME, WHOLE, Schema, items, nullable, object_of, ref, says

_STATES = says(TEXT, "delivering, waiting, succeeded or failed")
_WARNING = object_of(
    ("path", "line", "column", "message"), path=TEXT, line=nullable(WHOLE), column=nullable(WHOLE), message=TEXT
)
_HEADERS = items(object_of(("name", "value"), name=TEXT, value=TEXT))
_FILTER_VERDICT = object_of(
    ("field", "operator", "values", "found", "holds"),
    **dict.fromkeys(("field", "operator"), TEXT),
    **dict.fromkeys(("values", "found"), items(TEXT)),
    holds=FLAG,
)
_RETRY = object_of(
    ("state", "sentence", "after_seconds"),
    state=_STATES,
    sentence=TEXT,
    after_seconds=says(nullable(items(NUMBER)), "the soonest and the latest; null when nothing is sent again"),
)
_FOUND = {"json_path": TEXT, "found": items(TEXT), "holds": FLAG}
_VERDICT = object_of(("expected_values", *_FOUND), expected_values=items(TEXT), **_FOUND)
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
        "code": says(nullable(TEXT), "what it came to, for machines: `http_202`"),
        "reason": says(nullable(TEXT), "the same, for people"),
        "attempts": says(WHOLE, "how many there were, since the last replay"),
        "created_at": TIME,
        "updated_at": TIME,
        "next_attempt_at": says(nullable(TIME), "null when none is to come"),
        "parked_host": says(nullable(TEXT), "the host of the receiver that is down, for which the delivery waits"),
        "last_attempt": nullable(last),
    }
    more = {
        "history": says(items(ref("Attempt")), "the attempts that were kept, oldest first"),
        "payload": says({}, "null when the event is not stored any more"),
    }
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
        "number": says(WHOLE, "from 1, the oldest that was kept"),
        "before_replay": says(FLAG, "whether it was made before the last replay"),
        "started_at": TIME,
        "code": TEXT,
        "reason": TEXT,
        "webhook_version": says(nullable(WHOLE), "the version of the webhook that was used"),
        "request": says(nullable(request), "what was sent, secrets masked; null when nothing was"),
        "response": says(nullable(response), "what came back; null when nothing whole did"),
        "validators": says(items(object_of(tuple(_FOUND), **_FOUND)), "each with what it found, and whether it holds"),
        "timings": says(nullable(_TIMINGS), "a phase that there was not is null"),
        "remote_address": says(nullable(TEXT), "the address that was called"),
        "too_large": says(FLAG, "whether request and response were too large together to be kept"),
    }
    return object_of(tuple(fields), **fields)


def _jobs() -> dict[str, Schema]:
    fields: dict[str, Schema] = {
        **dict.fromkeys(("id", "webhook_id"), TEXT),
        **dict.fromkeys(("since", "until", "created_at"), TIME),
        "per_minute": says(WHOLE, "how many are sent in a minute, at most"),
        "state": says(TEXT, "running, done or cancelled"),
        "total": says(WHOLE, "how many there were when the job was made"),
        "replayed": says(WHOLE, "how many were taken up so far"),
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
        "filters": says(items(_FILTER_VERDICT), "each with whether it holds and what it found"),
        "warnings": says(items(_WARNING), "what is probably a mistake in a template"),
    }
    data: dict[str, Schema] = {
        "outcome": says(TEXT, "successful or failed"),
        "sentence": says(TEXT, "the outcome and why"),
        **before,
        "request": says(nullable(request), "what was sent, secrets masked"),
        "response": says(nullable(response), "what came back; null when nothing whole did"),
        "validators": says(items(_VERDICT), "each with what it expected and found, and whether it holds"),
        "timings": says(_TIMINGS, "a phase that there was not is null"),
        "remote_address": says(nullable(TEXT), "the address that was called"),
        "retry": says(_RETRY, "what a delivery would do next, and when"),
        "tips": says(items(TEXT), "what to look at when it has failed"),
    }
    preview = {
        **before,
        "request": nullable(request),
        "problem": says(nullable(TEXT), "why this event cannot be rendered"),
    }
    return {
        "InvocationData": object_of(tuple(data), **data),
        "Preview": object_of(tuple(preview), **preview),
    }
