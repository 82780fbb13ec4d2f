"""JSON Schemas of bodies, for the description alone: what is valid, and in which words it is refused, `parse_webhook`
decides. tests/functional/test_webhooks_api.py holds the two against each other."""

from collections.abc import Mapping
from typing import Final

from grantwire.asking import DEFAULT_RATE
from grantwire.configurations import (
    DEFAULT_TIMEOUT_SECONDS,
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
from grantwire.replaying import MAX_RATE
from schema_parts import FLAG, NUMBER, TEXT, TIME, WHOLE, Schema, closed, items, nullable, object_of, ref, says

_MOMENT: Final = {
    "type": ["string", "number"],
    "description": "when the event happened: epoch seconds, or ISO 8601 with a time zone",
}
_SECRET: Final = says(TEXT, f"shown as `{MASK}` ever after, which in an update keeps what is stored")
_VALUES: Final = items({"type": ["string", "number", "boolean"]}, MAX_VALUES)
_TRIGGER: Final = {"type": "string", "enum": list(TRIGGERS)}
_PATH: Final = says(TEXT, "where, as in filters[0].operator; empty: the whole")


def _kind(kind: str) -> Schema:
    return {"type": "string", "enum": [kind]}


_AUTHENTICATION: Final = {
    "anyOf": [
        closed(("kind", "token"), kind=_kind("bearer"), token=_SECRET),
        closed(
            ("kind", "username", "password"), kind=_kind("basic"), username=says(TEXT, "without `:`"), password=_SECRET
        ),
        closed(
            ("kind", "header", "value"),
            kind=_kind("api_key"),
            header=says(TEXT, "the name of the header that carries it"),
            value=_SECRET,
        ),
        closed(
            ("kind", "token_url", "client_id", "client_secret"),
            kind=_kind("oauth2_client_credentials"),
            token_url=says(TEXT, "where an access token is fetched; https, no placeholder"),
            client_id=says(TEXT, "as the token endpoint knows it"),
            client_secret=_SECRET,
            scope=says(TEXT, "sent along where given"),
            audience=says(TEXT, "sent along where given"),
            client_authentication=says(
                {"type": "string", "enum": ["basic", "body"], "default": "basic"},
                "whether id and secret go into the `Authorization` header or into the form",
            ),
        ),
    ]
}
_SIGNING: Final = closed(
    ("kind",),
    kind=_kind("standard_webhooks"),
    secret=says(TEXT, "left out: one is made, and shown once as `new_signing_secret`"),
    previous_secret=says(TEXT, f"after a rotation: `{MASK}`"),
    previous_until=says(NUMBER, "after a rotation: the epoch seconds up to which the secret before signs too"),
)
_HEADER: Final = closed(
    ("name",),
    name=says(TEXT, "each once, whatever the case"),
    value=says(TEXT, "may hold placeholders"),
    secret=says(FLAG, "encrypted and masked; a name that says so, such as Authorization, is secret in any case"),
)
_FILTER: Final = closed(
    ("field", "operator"),
    field=says(TEXT, "one of `GET /api/filters`, or a path in the payload"),
    operator=says({"type": "string", "enum": list(OPERATORS)}, "how it compares, whatever the case"),
    values=says(_VALUES, "alternatives: one of them is enough"),
)
_VALIDATOR: Final = closed(
    ("json_path", "expected_values"),
    json_path=says(TEXT, "where in the answer, as in `$.data.status`"),
    expected_values=says(_VALUES, "alternatives: one of them is enough"),
)
_ATTEMPTS: Final = {"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS, "default": MAX_ATTEMPTS}
_FIELDS: Final[Mapping[str, Schema]] = {
    "name": says(
        {"type": "string", "maxLength": MAX_NAME_CHARACTERS},
        "unique whatever the case; a letter or digit, then letters, digits, spaces, `-` and `_`",
    ),
    "active": says(FLAG, "an inactive webhook receives nothing and can be tested") | {"default": False},
    "method": says({"type": "string", "enum": list(METHODS)}, "of the request that is sent") | {"default": "POST"},
    "url": says(TEXT, "https; path and query may hold placeholders"),
    "body_template": says(TEXT, "what is sent, with placeholders; at most 64 KB; empty: no body") | {"default": ""},
    "headers": says(items(_HEADER, MAX_ROWS), "sent with each request") | {"default": []},
    "authentication": says(nullable(_AUTHENTICATION), "how the receiver is told who calls") | {"default": None},
    "signing": says(nullable(_SIGNING), "signs each request, so that the receiver can verify it") | {"default": None},
    "triggers": says(items(_TRIGGER) | {"minItems": 1}, "the kinds of event that are sent"),
    "filters": says(items(_FILTER, MAX_ROWS), "all of which must hold for an event to be sent") | {"default": []},
    "timeout_seconds": says(
        {"type": "number", "minimum": 1, "maximum": MAX_TIMEOUT_SECONDS},
        "for the whole exchange, from the look-up of the name to the last byte of the answer",
    )
    | {"default": DEFAULT_TIMEOUT_SECONDS},
    "response_validators": says(
        items(_VALIDATOR, MAX_ROWS), "all of which must hold for a 2xx answer to count as a success"
    )
    | {"default": []},
    "retry": says(closed((), max_attempts=_ATTEMPTS), "how often it is tried in all, over about three days")
    | {"default": {"max_attempts": MAX_ATTEMPTS}},
    "deliveries_per_second": says(
        nullable({"type": "number", "minimum": LEAST_PER_SECOND, "maximum": MOST_PER_SECOND}),
        "how often it is sent to at most; `null`: as fast as the receiver takes it",
    )
    | {"default": None},
}
_KEPT: Final[Mapping[str, Schema]] = {
    "id": TEXT,
    "version": says(WHOLE, "counts saves from 1; the `ETag`"),
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
    payload = says({"type": "object"}, "a payload, as `GET /api/schema` describes it; without it, a sample is used")
    as_changed = "in place of what is stored; a mask keeps a secret whose URL is the same"
    sample = says(_TRIGGER, "whose sample is sent; left out: the webhook's first")
    rate = {"type": "integer", "minimum": 1, "maximum": MAX_RATE, "default": DEFAULT_RATE}
    return {
        "Event": object_of(
            ("data",),
            event_type=says(_TRIGGER, "is required, unless `trigger` says it"),
            trigger=says(_TRIGGER, "in place of `event_type`"),
            event_time=says(NUMBER, "epoch seconds; with `data.id` it tells one event from another"),
            data=says({"type": "object"}, "the access request"),
        ),
        "Test": closed((), webhook=says(ref("WebhookDocument"), as_changed), trigger=sample, event=payload),
        "DraftTest": closed(
            ("webhook",), webhook=says(ref("WebhookDocument"), "the draft"), trigger=sample, event=payload
        ),
        "ReplayWish": closed(
            ("since", "until"),
            since=_MOMENT,
            until=_MOMENT,
            per_minute=says(rate, "how many are sent in a minute, at most"),
            dry_run=says(FLAG, "only count") | {"default": False},
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
    error = {"statusCode": WHOLE, "message": TEXT}
    return {
        "AcceptedEvent": object_of(("event_id", "trigger"), event_id=TEXT, trigger=TEXT),
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
