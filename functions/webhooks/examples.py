"""An example of every parameter, body and answer, for the description.

tests/functional/test_described_answers.py sends what is asked here and holds the answers against those.
"""

from typing import Any, Final

from grantwire.models import MASK

Example = dict[str, Any]

_WEBHOOK_ID, _WHEN = "wh_01m85vkphdz51cd2n3nnx15qag", "2026-11-18T11:06:40.000000Z"
_EVENT_ID = "evt_9b3e21c2998e71f8d15d66f14f9cd26d"
_DELIVERY_ID = f"dlv_{_WEBHOOK_ID.removeprefix('wh_')}_6608b01611240_{_EVENT_ID.removeprefix('evt_')}"
_JOB_ID = "job_01m85zq2k4s5qstkspxv98e26m"
_URL, _BODY = (
    "https://hooks.torq.io/v1/webhooks/your-webhook-id/",
    '{"text": "{{data.requester.name}} asks for access"}',
)
_PAYLOAD: Final[Example] = {
    "event_type": "RequestCreated",
    "event_time": 1795000000,
    "data": {"id": "b9d8ad1c", "friendly_id": "AR-123", "requester": {"name": "Ana Lima"}},
}
_ASKED: Final[Example] = {
    "name": "Torq",
    "url": _URL,
    "body_template": _BODY,
    "headers": [{"name": "Authorization", "value": "Bearer your-token", "secret": True}],
    "triggers": ["RequestCreated"],
}
_KEPT: Final[Example] = {
    "id": _WEBHOOK_ID,
    "version": 1,
    "created_at": _WHEN,
    "updated_at": _WHEN,
    "inactive_reason": None,
}
_WEBHOOK: Final[Example] = {
    **_KEPT,
    **_ASKED,
    "headers": [{"name": "Authorization", "value": MASK, "secret": True}],
    "active": False,
    "method": "POST",
    "authentication": None,
    "signing": None,
    "filters": [],
    "timeout_seconds": 10.0,
    "response_validators": [],
    "retry": {"max_attempts": 11},
    "deliveries_per_second": None,
    "warnings": [],
}
_CHANGED: Final[Example] = _WEBHOOK | {"active": True, "version": 2, "updated_at": "2026-11-18T12:00:00.000000Z"}
_OUTCOME: Final[Example] = {"code": "http_202", "reason": "the receiver answered 202"}
_EVENT: Final[Example] = {
    "event_id": _EVENT_ID,
    "trigger": "RequestCreated",
    "event_time": _WHEN,
    "request_id": "AR-123",
}
_DELIVERY: Final[Example] = {
    "id": _DELIVERY_ID,
    "webhook_id": _WEBHOOK_ID,
    **_EVENT,
    "state": "succeeded",
    **_OUTCOME,
    "attempts": 1,
    "created_at": "2026-11-18T11:06:41.100000Z",
    "updated_at": "2026-11-18T11:06:41.350000Z",
    "next_attempt_at": None,
    "parked_host": None,
    "last_attempt": {
        "started_at": "2026-11-18T11:06:41.120000Z",
        "code": "http_202",
        "http_status": 202,
        "duration_ms": 212.4,
    },
}
_RECENT: Final[Example] = {
    "since": "2026-11-17T12:00:00.000000Z",
    "succeeded": 41,
    "failed": 1,
    "unfinished": 0,
    "complete": True,
    "last_delivery": {
        name: _DELIVERY[name] for name in ("id", "trigger", "state", "event_time", "updated_at", "code", "reason")
    },
}
_SUMMARY: Final[Example] = {
    **_KEPT,
    **{name: _WEBHOOK[name] for name in ("name", "active", "method", "url", "triggers")},
    "host": "hooks.torq.io",
    "problem": None,
}
_SENT: Final[Example] = {
    "method": "POST",
    "url": _URL,
    "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "Authorization", "value": MASK}],
    "body": '{"text": "Ana Lima asks for access"}',
}
_CAME_BACK: Final[Example] = {"status": 202, "headers": [], "body": "", "truncated": False}
_EXCHANGE: Final[Example] = {
    "response": _CAME_BACK,
    "validators": [],
    "timings": {"dns_ms": 2.4, "connect_ms": 18.2, "tls_ms": 20.1, "first_byte_ms": 211.9, "total_ms": 212.4},
    "remote_address": "203.0.113.7",
}
_ATTEMPT: Final[Example] = {
    "number": 1,
    "before_replay": False,
    "started_at": "2026-11-18T11:06:41.120000Z",
    **_OUTCOME,
    "webhook_version": 1,
    "too_large": False,
    "request": _SENT | {"truncated": False},
    **_EXCHANGE,
}
_PREVIEW: Final[Example] = {"event": _PAYLOAD, "filters": [], "warnings": [], "request": _SENT}
_TESTED: Final[Example] = {
    "outcome": "successful",
    "sentence": "Test successful: the receiver answered 202.",
    **_PREVIEW,
    **_EXCHANGE,
    "retry": {"state": "succeeded", "sentence": "A delivery would have succeeded.", "after_seconds": None},
    "tips": [],
}
_RANGE: Final[Example] = {"since": "2026-11-18T00:00:00Z", "until": "2026-11-19T00:00:00Z"}
_JOB: Final[Example] = {
    "id": _JOB_ID,
    "webhook_id": _WEBHOOK_ID,
    "since": "2026-11-18T00:00:00.000000Z",
    "until": "2026-11-19T00:00:00.000000Z",
    "created_at": "2026-11-19T08:00:00.000000Z",
    "per_minute": 60,
    "state": "running",
    "total": 12,
    "replayed": 0,
}

PARAMETERS: Final[Example] = {
    "webhook_id": _WEBHOOK_ID,
    "delivery_id": _DELIVERY_ID,
    "event_id": _EVENT_ID,
    "job_id": _JOB_ID,
    "if-match": '"1"',
    "status": "active",
    "with": "recent",
    "state": "failed",
    "since": "2026-11-18T00:00:00Z",
}
BODIES: Final[dict[str, Example]] = {
    "create_webhook": _ASKED,
    "replace_webhook": _ASKED | {"active": True, "headers": _WEBHOOK["headers"]},
    "change_webhook": {"active": True},
    "start_replay": _RANGE,
    "put_event": _PAYLOAD,
    "test_webhook": {"trigger": "RequestCreated"},
    "test_draft": {"webhook": _ASKED, "event": _PAYLOAD},
    "preview_draft": {"webhook": _ASKED, "event": _PAYLOAD},
}
ANSWERS: Final[dict[str, Example]] = {
    "list_webhooks": {"items": [_SUMMARY | {"active": True, "recent": _RECENT}], "next_cursor": None},
    "create_webhook": _WEBHOOK,
    "get_webhook": _WEBHOOK | {"health": {"failures": 0, "failing_since": None, "last_success_at": None}},
    "replace_webhook": _CHANGED,
    "change_webhook": _CHANGED,
    "duplicate_webhook": _WEBHOOK
    | {"id": "wh_01m85w00794mz10wr3p4wamf8q", "name": "Torq copy", "headers": []}
    | {"missing_secrets": [{"field": "headers", "without_secret": {"name": "Authorization", "secret": True}}]},
    "rotate_signing": _CHANGED
    | {
        "signing": {
            "kind": "standard_webhooks",
            "secret": MASK,
            "previous_secret": MASK,
            "previous_until": 1795089600.0,
        },
        "new_signing_secret": "whsec_c2hvd24gb25jZSBhbmQgbmV2ZXIgYWdhaW4=",
    },
    "list_deliveries": {
        "items": [
            _DELIVERY
            | {"state": "failed", "code": "http_410", "reason": "the receiver answered 410"}
            | {"last_attempt": _DELIVERY["last_attempt"] | {"code": "http_410", "http_status": 410}}
        ],
        "next_cursor": None,
    },
    "get_delivery": _DELIVERY | {"history": [_ATTEMPT], "payload": _PAYLOAD},
    "replay_delivery": _DELIVERY
    | {"state": "waiting", "code": "replayed", "reason": "it is being sent again", "attempts": 0}
    | {"next_attempt_at": "2026-11-19T08:00:00.000000Z"},
    "list_event_deliveries": {**_EVENT, "items": [_DELIVERY]},
    "start_replay": {"count": 12, "job": _JOB},
    "list_replays": {"items": [_JOB]},
    "get_replay": _JOB | {"state": "done", "replayed": 12},
    "cancel_replay": _JOB | {"state": "cancelled", "replayed": 3},
    "put_event": {"event_id": _EVENT_ID, "trigger": "RequestCreated"},
    "test_webhook": _TESTED,
    "test_draft": _TESTED,
    "preview_draft": _PREVIEW | {"problem": None},
    "list_samples": {
        "items": [
            {"name": "RequestCreated", "trigger": "RequestCreated"}
            | {"meaning": "A request for one database has been made and nobody has decided yet.", "payload": _PAYLOAD}
        ]
    },
    "list_filters": {
        "fields": [
            {
                "name": "integration_type",
                "meaning": "The type of each access group's integration, such as postgresql.",
                "paths": ["data.access_groups[].integration.type"],
                "operators": ["is", "is_not", "contains"],
            }
        ],
        "operators": [{"name": "is", "takes_values": True}, {"name": "exists", "takes_values": False}],
    },
}
