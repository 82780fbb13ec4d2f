"""Every operation of the HTTP API in one table: its route, the scope it asks for, and what it does.

The routes of template.yaml, the description in `describing` and who may call what follow it.
"""

from collections.abc import Mapping
from typing import Final

from grantwire.frozen import frozen

READ, WRITE, TEST = "read", "write", "test"


@frozen(kw_only=False)
class Operation:
    """What a route is for.

    name   as client libraries call it
    scope  read: looks; write: changes what is stored or sent; test: sends one request to a receiver, and stores nothing
    more   what the summary does not say, in a sentence or two
    """

    name: str
    scope: str
    group: str
    summary: str
    more: str


_WEBHOOKS, _DELIVERIES, _EVENTS, _REFERENCE = "Webhooks", "Deliveries", "Events", "Reference"
_A_WEBHOOK = "/api/webhooks/{webhook_id}"
OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/api/webhooks"): Operation(
        "list_webhooks",
        READ,
        _WEBHOOKS,
        "List webhooks by name",
        "An item has what a table needs; the whole webhook is read by its id.",
    ),
    ("POST", "/api/webhooks"): Operation(
        "create_webhook",
        WRITE,
        _WEBHOOKS,
        "Create a webhook",
        "The answer shows it as it is stored. A signing secret that was made for it stands in this one answer.",
    ),
    ("GET", _A_WEBHOOK): Operation(
        "get_webhook",
        READ,
        _WEBHOOKS,
        "Read a webhook and how its deliveries do",
        "Secrets are masked. `ETag` has the version that a change is asked for.",
    ),
    ("PUT", _A_WEBHOOK): Operation(
        "replace_webhook",
        WRITE,
        _WEBHOOKS,
        "Replace a webhook as a whole",
        "A field that is left out goes back to its default. A mask keeps the secret that is stored.",
    ),
    ("PATCH", _A_WEBHOOK): Operation(
        "change_webhook",
        WRITE,
        _WEBHOOKS,
        "Change some fields of a webhook",
        "What is not named stays as it is.",
    ),
    ("DELETE", _A_WEBHOOK): Operation(
        "delete_webhook",
        WRITE,
        _WEBHOOKS,
        "Delete a webhook",
        "Deliveries that wait for it end as failed.",
    ),
    ("POST", f"{_A_WEBHOOK}/duplicate"): Operation(
        "duplicate_webhook",
        WRITE,
        _WEBHOOKS,
        "Copy a webhook",
        "The copy is inactive and has no secrets: `missing_secrets` says which to enter.",
    ),
    ("POST", f"{_A_WEBHOOK}/signing/rotate"): Operation(
        "rotate_signing",
        WRITE,
        _WEBHOOKS,
        "Change the signing secret",
        "The new secret is shown in this one answer. For 24 hours the one before signs too.",
    ),
    ("POST", f"{_A_WEBHOOK}/test"): Operation(
        "test_webhook",
        TEST,
        _WEBHOOKS,
        "Test a saved webhook",
        "One request is really sent, active or not and whatever the filters say. 200 whatever came of it.",
    ),
    ("POST", "/api/webhooks/test"): Operation(
        "test_draft",
        TEST,
        _WEBHOOKS,
        "Test a webhook before it is saved",
        "One request is really sent, and nothing is stored. 200 whatever came of it.",
    ),
    ("POST", "/api/webhooks/preview"): Operation(
        "preview_draft",
        READ,
        _WEBHOOKS,
        "Show what a draft would send",
        "Nothing is sent. Masks may stand for its secrets.",
    ),
    ("GET", f"{_A_WEBHOOK}/deliveries"): Operation(
        "list_deliveries",
        READ,
        _DELIVERIES,
        "List a webhook's deliveries",
        "Those of the newest event first.",
    ),
    ("GET", "/api/deliveries/{delivery_id}"): Operation(
        "get_delivery",
        READ,
        _DELIVERIES,
        "Read a delivery",
        "With every attempt that was kept, what was sent and what came back, and the event's payload.",
    ),
    ("POST", "/api/deliveries/{delivery_id}/replay"): Operation(
        "replay_delivery",
        WRITE,
        _DELIVERIES,
        "Send a delivery again",
        "One that has ended, under the same id; the answer is the delivery as it is then.",
    ),
    ("GET", "/api/events/{event_id}/deliveries"): Operation(
        "list_event_deliveries",
        READ,
        _DELIVERIES,
        "List an event's deliveries",
        "To every webhook that names its trigger now.",
    ),
    ("POST", f"{_A_WEBHOOK}/replays"): Operation(
        "start_replay",
        WRITE,
        _DELIVERIES,
        "Send failed deliveries again",
        "Those whose event happened in a time range. 202 has the job that does it; 200, for a dry run, the count.",
    ),
    ("GET", f"{_A_WEBHOOK}/replays"): Operation(
        "list_replays",
        READ,
        _DELIVERIES,
        "List a webhook's replay jobs",
        "The newest first, at most 100.",
    ),
    ("GET", "/api/replays/{job_id}"): Operation(
        "get_replay",
        READ,
        _DELIVERIES,
        "Read how far a replay job is",
        "Jobs are kept as long as deliveries are.",
    ),
    ("POST", "/api/replays/{job_id}/cancel"): Operation(
        "cancel_replay",
        WRITE,
        _DELIVERIES,
        "Stop a replay job",
        "What it has taken up already is sent all the same.",
    ),
    ("POST", "/api/events"): Operation(
        "put_event",
        WRITE,
        _EVENTS,
        "Put a request event on the bus",
        "As its producer would. The same payload is the same event, and is delivered once.",
    ),
    ("GET", "/api/schema"): Operation(
        "get_schema",
        READ,
        _REFERENCE,
        "The JSON Schema of an event's payload",
        "What a template and a filter can use.",
    ),
    ("GET", "/api/samples"): Operation(
        "list_samples",
        READ,
        _REFERENCE,
        "Sample payloads",
        "One of each trigger, and then those at the edge of what may arrive.",
    ),
    ("GET", "/api/filters"): Operation(
        "list_filters",
        READ,
        _REFERENCE,
        "Fields and operators of filters",
        "Any other field goes by its path in the payload.",
    ),
    ("GET", "/api/recipes"): Operation(
        "list_recipes",
        READ,
        _REFERENCE,
        "Ready webhooks for well-known targets",
        "Each with what to create over there and what to fill in.",
    ),
    ("GET", "/api/openapi.json"): Operation(
        "get_openapi",
        READ,
        _REFERENCE,
        "This description, as OpenAPI 3.1",
        "For client generators and tools.",
    ),
    ("GET", "/api/docs"): Operation(
        "get_documentation",
        READ,
        _REFERENCE,
        "This description, as a page",
        "Without a script, and with nothing from any other place.",
    ),
}
SCOPES: Final[Mapping[tuple[str, str], str]] = {route: one.scope for route, one in OPERATIONS.items()}
