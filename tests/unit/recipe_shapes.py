"""What each recipe's target documents of the requests it takes: a JSON Schema of the body, its size, its answers.

Written from the pages that the recipes name as their sources. Schemas are closed where a page lists every field.
"""

from typing import Any, Final

Schema = dict[str, Any]


def _text(most: int | None = None, *, least: int = 1) -> Schema:
    return {"type": "string", "minLength": least} | ({} if most is None else {"maxLength": most})


def _object(required: Schema, optional: Schema | None = None, *, closed: bool = True) -> Schema:
    """An object with these properties, and, unless it is `closed`, any others."""
    properties = required | (optional or {})
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": not closed,
    }


def _list(of: Schema, *, least: int = 0, most: int | None = None) -> Schema:
    return {"type": "array", "items": of, "minItems": least} | ({} if most is None else {"maxItems": most})


_WHOLE: Final = _object({"event_type": _text(), "event_time": {"type": "number"}, "data": {"type": "object"}})
_GUIDE: Final = _object({"body": _object({"event": _text()})})

# Block Kit: 50 blocks a message; header 150 characters, section 3,000, its fields 10 of 2,000.
_PLAIN_TEXT: Final = {"type": {"const": "plain_text"}, "emoji": {"type": "boolean"}}
_SECTION_TEXT: Final = _object(_PLAIN_TEXT | {"text": _text(3000)})
_SLACK: Final = _object(
    {
        "text": _text(),
        "blocks": _list(
            {
                "oneOf": [
                    _object({"type": {"const": "header"}, "text": _object(_PLAIN_TEXT | {"text": _text(150)})}),
                    _object({"type": {"const": "section"}, "text": _SECTION_TEXT}),
                    _object(
                        {
                            "type": {"const": "section"},
                            "fields": _list(_object(_PLAIN_TEXT | {"text": _text(2000)}), least=1, most=10),
                        }
                    ),
                ]
            },
            least=1,
            most=50,
        ),
    }
)

# Atlassian Document Format: a text is never empty, a list never without items, a list item begins with a paragraph.
_JIRA: Final = _object(
    {
        "fields": _object(
            {
                "project": _object({"key": _text()}),
                "issuetype": _object({"name": _text()}),
                "summary": _text(255) | {"pattern": r"^[^\r\n]*$"},
                "description": {"$ref": "#/$defs/doc"},
            }
        )
    }
) | {
    "$defs": {
        "text": _object({"type": {"const": "text"}, "text": _text()}),
        "paragraph": _object({"type": {"const": "paragraph"}, "content": _list({"$ref": "#/$defs/text"})}),
        "item": _object(
            {
                "type": {"const": "listItem"},
                "content": {
                    "type": "array",
                    "minItems": 1,
                    "prefixItems": [{"$ref": "#/$defs/paragraph"}],
                    "items": {"$ref": "#/$defs/block"},
                },
            }
        ),
        "list": _object({"type": {"const": "bulletList"}, "content": _list({"$ref": "#/$defs/item"}, least=1)}),
        "block": {"oneOf": [{"$ref": "#/$defs/paragraph"}, {"$ref": "#/$defs/list"}]},
        "doc": _object(
            {"type": {"const": "doc"}, "version": {"const": 1}, "content": _list({"$ref": "#/$defs/block"})}
        ),
    }
}

_LEVEL: Final = {"enum": ["1", "2", "3"]}
_SERVICENOW: Final = _object(
    {
        "short_description": _text(160) | {"pattern": r"^[^\r\n]*$"},
        "description": _text(),
        "impact": _LEVEL,
        "urgency": _LEVEL,
        "correlation_id": _text(100),
        "correlation_display": _text(100),
    }
)

# The template of Workflows takes each attachment of the message, which must be an adaptive card.
_TEXT_BLOCK: Final = _object(
    {"type": {"const": "TextBlock"}, "text": _text()},
    {
        "size": {"enum": ["Small", "Default", "Medium", "Large", "ExtraLarge"]},
        "weight": {"enum": ["Lighter", "Default", "Bolder"]},
        "wrap": {"type": "boolean"},
    },
)
_FACTS: Final = _list(_object({"title": _text(), "value": _text()}), least=1)
_CARD: Final = _object(
    {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "type": {"const": "AdaptiveCard"},
        "version": {"enum": ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"]},
        "body": _list({"oneOf": [_TEXT_BLOCK, _object({"type": {"const": "FactSet"}, "facts": _FACTS})]}, least=1),
    }
)
_ATTACHMENT: Final = _object(
    {
        "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
        "contentUrl": {"type": "null"},
        "content": _CARD,
    }
)
_TEAMS: Final = _object({"type": {"const": "message"}, "attachments": _list(_ATTACHMENT, least=1)})

_DATADOG: Final = _list(
    _object({"message": _text()}, dict.fromkeys(("ddsource", "ddtags", "service", "hostname"), _text()), closed=False),
    least=1,
    most=1000,
)
_SPLUNK: Final = _object(
    {"event": {"type": ["object", "string"], "minProperties": 1, "minLength": 1}},
    {
        "time": {"type": "number"},
        "fields": {"type": "object"},
        **dict.fromkeys(("host", "source", "sourcetype", "index"), _text()),
    },
)

_PAGERDUTY_PAYLOAD: Final = _object(
    {"summary": _text(1024), "severity": {"enum": ["critical", "error", "warning", "info"]}, "source": _text()},
    {
        "custom_details": {"type": "object"},
        **dict.fromkeys(("timestamp", "component", "group", "class"), _text()),
    },
)
_PAGERDUTY: Final = _object(
    {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "payload": _PAGERDUTY_PAYLOAD,
    },
    {
        "dedup_key": _text(255),
        **dict.fromkeys(("client", "client_url"), _text()),
        "links": {"type": "array"},
        "images": {"type": "array"},
    },
)

_DECORATED_TEXT: Final = _object({"text": _text()}, {"topLabel": _text(), "wrapText": {"type": "boolean"}})
_WIDGETS: Final = _list(_object({"decoratedText": _DECORATED_TEXT}), least=1)
_CHAT_CARD: Final = _object(
    {
        "header": _object({"title": _text()}, {"subtitle": _text()}),
        "sections": _list(_object({"widgets": _WIDGETS}), least=1),
    }
)
_GOOGLE_CHAT: Final = _object(
    {
        "text": _text(),
        "thread": _object({"threadKey": _text()}),
        "cardsV2": _list(_object({"cardId": _text(), "card": _CHAT_CARD}), least=1),
    }
)

# The columns that the recipe tells people to create: every record has all of them.
_SENTINEL: Final = _object(
    {
        "EventType": _text(),
        "EventTime": {"type": "number"},
        **dict.fromkeys(("RequestId", "FriendlyId", "RequesterName", "RequesterEmail"), _text()),
        "Justification": {"type": ["string", "null"]},
        "DurationSeconds": {"type": ["number", "null"]},
        "AccessGroups": {"type": "array"},
        "Approvals": {"type": "array"},
    }
)

SHAPES: Final[dict[str, Schema]] = {
    "torq": _GUIDE,
    "torq-eu": _GUIDE,
    "torq-authenticated": _object({"body": _object({"event": _text(), "request": {"type": "object"}})}),
    "torq-per-workflow": _WHOLE,
    "slack": _SLACK,
    "okta-workflows": _WHOLE,
    "jira": _JIRA,
    "servicenow": _SERVICENOW,
    "microsoft-teams": _TEAMS,
    "datadog-logs": _DATADOG,
    "splunk-hec": _SPLUNK,
    "sumo-logic": _WHOLE,
    "pagerduty": _PAGERDUTY,
    "google-chat": _GOOGLE_CHAT,
    "microsoft-sentinel": _SENTINEL,
}

MOST_BYTES: Final = {
    "microsoft-teams": 28 * 1024,
    "datadog-logs": 1_000_000,
    "sumo-logic": 1_000_000,
    "google-chat": 32_000,
}

# What a target answers when it took the request, and what it could answer with a 2xx when it did not.
TAKEN: Final = {
    "jira": (201, '{"id": "10000", "key": "ACC-24", "self": "https://example.atlassian.net/rest/api/3/issue/10000"}'),
    "servicenow": (201, '{"result": {"number": "INC0010001", "sys_id": "0123456789abcdef0123456789abcdef"}}'),
    "splunk-hec": (200, '{"text": "Success", "code": 0}'),
    "pagerduty": (202, '{"status": "success", "message": "Event processed", "dedup_key": "b9d8ad1c"}'),
}
NOT_TAKEN: Final = {
    "jira": (200, '{"expand": "renderedFields"}'),
    "servicenow": (200, "<html>Your instance is hibernating</html>"),
    "splunk-hec": (200, '{"text": "No data", "code": 5}'),
    "pagerduty": (202, '{"status": "invalid event", "message": "Event object is invalid"}'),
}
