"""JSON Schemas of bodies, for the description alone: what is valid, and in which words it is refused, `parse_webhook`
decides. tests/functional/test_webhooks_api.py holds the two against each other."""

from collections.abc import Mapping
from typing import Any, Final

from grantwire.configurations import MAX_ATTEMPTS, MAX_TIMEOUT_SECONDS, METHODS
from grantwire.filters import OPERATORS
from grantwire.managing import MAX_NAME_CHARACTERS
from grantwire.models import MASK, TRIGGERS
from grantwire.reading import MAX_ROWS, MAX_VALUES

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """The schema of that name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _closed(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return _object(required, **properties) | {"additionalProperties": False}


def _list(items: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": items, **({"maxItems": most} if most else {})}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _says(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_TEXT, _WHOLE, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_TIME: Final = {"type": "string", "format": "date-time"}
_MOMENT: Final = {"type": ["string", "number"], "description": "epoch seconds, or ISO 8601 with a time zone"}
_SECRET: Final = _says(_TEXT, f"shown as {MASK} ever after; that in an update keeps what is stored")
_VALUES: Final = _list({"type": ["string", "number", "boolean"]}, MAX_VALUES)
_PATH: Final = _says(_TEXT, "where, as in filters[0].operator; empty: the whole")


def _kind(kind: str) -> Schema:
    return {"type": "string", "enum": [kind]}


_AUTHENTICATION: Final = {
    "anyOf": [
        _closed(("kind", "token"), kind=_kind("bearer"), token=_SECRET),
        _closed(("kind", "username", "password"), kind=_kind("basic"), username=_TEXT, password=_SECRET),
        _closed(("kind", "header", "value"), kind=_kind("api_key"), header=_TEXT, value=_SECRET),
        _closed(
            ("kind", "token_url", "client_id", "client_secret"),
            kind=_kind("oauth2_client_credentials"),
            token_url=_TEXT,
            client_id=_TEXT,
            client_secret=_SECRET,
            scope=_TEXT,
            audience=_TEXT,
            client_authentication={"type": "string", "enum": ["basic", "body"]},
        ),
    ]
}
_SIGNING: Final = _closed(
    ("kind",),
    kind=_kind("standard_webhooks"),
    secret=_says(_SECRET, "left out: one is made, and shown once as new_signing_secret"),
    previous_secret=_SECRET,
    previous_until=_says({"type": "number"}, "epoch seconds up to which the secret before signs too"),
)
_FIELDS: Final[Mapping[str, Schema]] = {
    "name": _says({"type": "string", "maxLength": MAX_NAME_CHARACTERS}, "unique whatever the case"),
    "active": _says(_FLAG, "an inactive webhook receives nothing and can be tested"),
    "method": {"type": "string", "enum": list(METHODS)},
    "url": _says(_TEXT, "https; path and query may hold placeholders"),
    "body_template": _TEXT,
    "headers": _list(_closed(("name",), name=_TEXT, value=_TEXT, secret=_FLAG), MAX_ROWS),
    "authentication": _nullable(_AUTHENTICATION),
    "signing": _nullable(_SIGNING),
    "triggers": _list({"type": "string", "enum": list(TRIGGERS)}) | {"minItems": 1},
    "filters": _list(
        _closed(
            ("field", "operator"), field=_TEXT, operator={"type": "string", "enum": list(OPERATORS)}, values=_VALUES
        ),
        MAX_ROWS,
    ),
    "timeout_seconds": {"type": "number", "minimum": 1, "maximum": MAX_TIMEOUT_SECONDS},
    "response_validators": _list(
        _closed(("json_path", "expected_values"), json_path=_TEXT, expected_values=_VALUES), MAX_ROWS
    ),
    "retry": _closed((), max_attempts={"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS}),
}
_KEPT: Final[Mapping[str, Schema]] = {
    "id": _TEXT,
    "version": _says(_WHOLE, "counts saves from 1; the ETag"),
    "created_at": _TIME,
    "updated_at": _TIME,
    "inactive_reason": _says(_nullable(_TEXT), "why Grantwire has switched it off"),
}
_HEALTH: Final = _object(
    ("failures", "failing_since", "last_success_at"),
    failures=_says(_WHOLE, "deliveries in a row that failed every attempt"),
    failing_since=_nullable(_TIME),
    last_success_at=_says(_nullable(_TIME), "up to an hour old"),
)
_LEFT_BEHIND: Final = _object(
    ("field", "without_secret"),
    field={"type": "string", "enum": ["headers", "authentication"]},
    without_secret=_says({"type": "object"}, "what stood there, but for the secret: add it again, with the secret"),
)


def components() -> dict[str, Schema]:
    """Every schema that has a name."""
    return {**_webhooks(), **_requests(), **_answers()}


def _webhooks() -> dict[str, Schema]:
    warnings = _says(_list({"type": "object"}), "what is probably a mistake: path, line, column, message")
    patch = "a JSON merge patch (RFC 7396): null puts a field back to its default"
    saved = _object(
        new_signing_secret=_says(_TEXT, "a signing secret that was made, shown this once"),
        missing_secrets=_says(_list(_LEFT_BEHIND), "of a copy: what must be entered again"),
    )
    return {
        "WebhookDocument": _object(("name", "url", "triggers"), **_FIELDS),
        "WebhookPatch": _says({"type": "object"}, patch),
        "Webhook": _object((*_KEPT, *_FIELDS, "warnings"), **_KEPT, **_FIELDS, warnings=warnings),
        "WebhookWithHealth": {"allOf": [ref("Webhook"), _object(("health",), health=_HEALTH)]},
        "SavedWebhook": {"allOf": [ref("Webhook"), saved]},
        "WebhookPage": _object(
            ("items", "next_cursor"), items=_list(_summary()), next_cursor=_says(_nullable(_TEXT), "null at the end")
        ),
    }


def _requests() -> dict[str, Schema]:
    payload = _says({"type": "object"}, "a payload, as GET /api/schema describes it; without it, a sample is used")
    return {
        "Event": _object(
            ("data",), event_type=_TEXT, trigger=_TEXT, event_time={"type": "number"}, data={"type": "object"}
        ),
        "Test": _closed((), trigger=_TEXT, event=payload),
        "DraftTest": _closed(("webhook",), webhook=ref("WebhookDocument"), trigger=_TEXT, event=payload),
        "ReplayWish": _closed(
            ("since", "until"),
            since=_MOMENT,
            until=_MOMENT,
            per_minute=_says(_WHOLE, "how many are sent in a minute, at most"),
            dry_run=_says(_FLAG, "only count"),
        ),
    }


def _answers() -> dict[str, Schema]:
    problem = _object(
        ("path", "value", "rule"),
        path=_PATH,
        value=_says(_TEXT, "as it was given, in JSON, cut; empty when it is secret or absent"),
        rule=_says(_TEXT, "what would be right"),
    )
    operator = _object(("name", "takes_values"), name=_TEXT, takes_values=_FLAG)
    error = {"statusCode": _WHOLE, "message": _TEXT}
    return {
        "AcceptedEvent": _object(("event_id", "trigger"), event_id=_TEXT, trigger=_TEXT),
        "Items": _object(("items",), items=_list({"type": "object"})),
        "Filters": _object(("fields", "operators"), fields=_list({"type": "object"}), operators=_list(operator)),
        "Error": _object(tuple(error), **error),
        "Problems": _object((*error, "problems"), **error, problems=_list(problem)),
    }


def _summary() -> Schema:
    fields = {name: _FIELDS[name] for name in ("name", "active", "url")}
    loose = {"method": _TEXT, "triggers": _list(_TEXT)}  # as stored, whatever that is
    problem = _says(_nullable(_TEXT), "why the stored webhook cannot be read")
    return _object((*_KEPT, *fields, *loose, "problem"), **_KEPT, **fields, **loose, problem=problem)
