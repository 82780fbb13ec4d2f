"""JSON Schemas of bodies, for the description alone: what is valid, and in which words it is refused, `parse_webhook`
decides. tests/functional/test_webhooks_api.py holds the two against each other."""

from collections.abc import Mapping
from typing import Final

from grantwire.configurations import (
    LEAST_PER_SECOND,
    MAX_ATTEMPTS,
    MAX_TIMEOUT_SECONDS,
    METHODS,
    MOST_PER_SECOND,
)
from grantwire.filters import OPERATORS
from grantwire.managing import MAX_NAME_CHARACTERS
from grantwire.models import MASK, TRIGGERS
from grantwire.reading import MAX_ROWS, MAX_VALUES
from grantwire.recently import COUNTED
from schema_parts import FLAG, TEXT, TIME, WHOLE, Schema, closed, items, nullable, object_of, ref, says

_MOMENT: Final = {"type": ["string", "number"], "description": "epoch seconds, or ISO 8601 with a time zone"}
_SECRET: Final = says(TEXT, f"shown as {MASK} ever after; that in an update keeps what is stored")
_VALUES: Final = items({"type": ["string", "number", "boolean"]}, MAX_VALUES)
_PATH: Final = says(TEXT, "where, as in filters[0].operator; empty: the whole")


def _kind(kind: str) -> Schema:
    return {"type": "string", "enum": [kind]}


_AUTHENTICATION: Final = {
    "anyOf": [
        closed(("kind", "token"), kind=_kind("bearer"), token=_SECRET),
        closed(("kind", "username", "password"), kind=_kind("basic"), username=TEXT, password=_SECRET),
        closed(("kind", "header", "value"), kind=_kind("api_key"), header=TEXT, value=_SECRET),
        closed(
            ("kind", "token_url", "client_id", "client_secret"),
            kind=_kind("oauth2_client_credentials"),
            token_url=TEXT,
            client_id=TEXT,
            client_secret=_SECRET,
            scope=TEXT,
            audience=TEXT,
            client_authentication={"type": "string", "enum": ["basic", "body"]},
        ),
    ]
}
_SIGNING: Final = closed(
    ("kind",),
    kind=_kind("standard_webhooks"),
    secret=says(_SECRET, "left out: one is made, and shown once as new_signing_secret"),
    previous_secret=_SECRET,
    previous_until=says({"type": "number"}, "epoch seconds up to which the secret before signs too"),
)
_FIELDS: Final[Mapping[str, Schema]] = {
    "name": says({"type": "string", "maxLength": MAX_NAME_CHARACTERS}, "unique whatever the case"),
    "active": says(FLAG, "an inactive webhook receives nothing and can be tested"),
    "method": {"type": "string", "enum": list(METHODS)},
    "url": says(TEXT, "https; path and query may hold placeholders"),
    "body_template": TEXT,
    "headers": items(closed(("name",), name=TEXT, value=TEXT, secret=FLAG), MAX_ROWS),
    "authentication": nullable(_AUTHENTICATION),
    "signing": nullable(_SIGNING),
    "triggers": items({"type": "string", "enum": list(TRIGGERS)}) | {"minItems": 1},
    "filters": items(
        closed(("field", "operator"), field=TEXT, operator={"type": "string", "enum": list(OPERATORS)}, values=_VALUES),
        MAX_ROWS,
    ),
    "timeout_seconds": {"type": "number", "minimum": 1, "maximum": MAX_TIMEOUT_SECONDS},
    "response_validators": items(
        closed(("json_path", "expected_values"), json_path=TEXT, expected_values=_VALUES), MAX_ROWS
    ),
    "retry": closed((), max_attempts={"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS}),
    "deliveries_per_second": says(
        nullable({"type": "number", "minimum": LEAST_PER_SECOND, "maximum": MOST_PER_SECOND}), "null: no limit"
    ),
}
_KEPT: Final[Mapping[str, Schema]] = {
    "id": TEXT,
    "version": says(WHOLE, "counts saves from 1; the ETag"),
    "created_at": TIME,
    "updated_at": TIME,
    "inactive_reason": says(nullable(TEXT), "why Grantwire has switched it off"),
}
_HEALTH: Final = object_of(
    ("failures", "failing_since", "last_success_at"),
    failures=says(WHOLE, "deliveries in a row that failed every attempt"),
    failing_since=nullable(TIME),
    last_success_at=says(nullable(TIME), "up to an hour old"),
)
_LEFT_BEHIND: Final = object_of(
    ("field", "without_secret"),
    field={"type": "string", "enum": ["headers", "authentication"]},
    without_secret=says({"type": "object"}, "what stood there, but for the secret: add it again, with the secret"),
)


def components() -> dict[str, Schema]:
    """Every schema that has a name."""
    return {**_webhooks(), **_requests(), **_answers()}


def _webhooks() -> dict[str, Schema]:
    warnings = says(items({"type": "object"}), "what is probably a mistake: path, line, column, message")
    patch = "a JSON merge patch (RFC 7396): null puts a field back to its default"
    saved = object_of(
        new_signing_secret=says(TEXT, "a signing secret that was made, shown this once"),
        missing_secrets=says(items(_LEFT_BEHIND), "of a copy: what must be entered again"),
    )
    return {
        "WebhookDocument": object_of(("name", "url", "triggers"), **_FIELDS),
        "WebhookPatch": says({"type": "object"}, patch),
        "Webhook": object_of((*_KEPT, *_FIELDS, "warnings"), **_KEPT, **_FIELDS, warnings=warnings),
        "WebhookWithHealth": {"allOf": [ref("Webhook"), object_of(("health",), health=_HEALTH)]},
        "SavedWebhook": {"allOf": [ref("Webhook"), saved]},
        "WebhookPage": object_of(
            ("items", "next_cursor"), items=items(_summary()), next_cursor=says(nullable(TEXT), "null at the end")
        ),
    }


def _requests() -> dict[str, Schema]:
    payload = says({"type": "object"}, "a payload, as GET /api/schema describes it; without it, a sample is used")
    as_changed = "in place of what is stored; a mask keeps a secret whose URL is the same"
    return {
        "Event": object_of(
            ("data",), event_type=TEXT, trigger=TEXT, event_time={"type": "number"}, data={"type": "object"}
        ),
        "Test": closed((), webhook=says(ref("WebhookDocument"), as_changed), trigger=TEXT, event=payload),
        "DraftTest": closed(("webhook",), webhook=ref("WebhookDocument"), trigger=TEXT, event=payload),
        "ReplayWish": closed(
            ("since", "until"),
            since=_MOMENT,
            until=_MOMENT,
            per_minute=says(WHOLE, "how many are sent in a minute, at most"),
            dry_run=says(FLAG, "only count"),
        ),
    }


def _answers() -> dict[str, Schema]:
    problem = object_of(
        ("path", "value", "rule"),
        path=_PATH,
        value=says(TEXT, "as it was given, in JSON, cut; empty when it is secret or absent"),
        rule=says(TEXT, "what would be right"),
        line=says(WHOLE, "of a template, from 1: where in it"),
        column=WHOLE,
    )
    operator = object_of(("name", "takes_values"), name=TEXT, takes_values=FLAG)
    error = {"statusCode": WHOLE, "message": TEXT}
    return {
        "AcceptedEvent": object_of(("event_id", "trigger"), event_id=TEXT, trigger=TEXT),
        "Items": object_of(("items",), items=items({"type": "object"})),
        "Filters": object_of(("fields", "operators"), fields=items({"type": "object"}), operators=items(operator)),
        "Error": object_of(tuple(error), **error),
        "Problems": object_of((*error, "problems"), **error, problems=items(problem)),
    }


def _summary() -> Schema:
    fields = {name: _FIELDS[name] for name in ("name", "active", "url")}
    loose = {"method": TEXT, "triggers": items(TEXT)}  # as stored, whatever that is
    more = {
        "host": says(nullable(TEXT), "where it is sent, with the port unless that is 443"),
        "problem": says(nullable(TEXT), "why the stored webhook cannot be read"),
    }
    required = (*_KEPT, *fields, *loose, *more)
    return object_of(required, **_KEPT, **fields, **loose, **more, recent=_recent())


def _recent() -> Schema:
    facts = {
        **dict.fromkeys(("id", "trigger", "state"), TEXT),
        **dict.fromkeys(("event_time", "updated_at"), TIME),
        **dict.fromkeys(("code", "reason"), nullable(TEXT)),
    }
    fields = {
        "since": says(TIME, "24 hours ago: the deliveries that were made since then are counted"),
        "succeeded": WHOLE,
        "failed": WHOLE,
        "unfinished": says(WHOLE, "waiting, or being sent at this moment"),
        "complete": says(FLAG, f"false: only those of the newest {COUNTED} events were counted, and there may be more"),
        "last_delivery": says(nullable(object_of(tuple(facts), **facts)), "the newest event's, however old"),
    }
    return says(object_of(tuple(fields), **fields), "with ?with=recent")
