"""Every operation of the HTTP API in one table: its route, the scope it asks for, and what it does.

The routes of template.yaml, the description in `describing` and, once there is a sign-in, who may call what follow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

READ, WRITE, TEST = "read", "write", "test"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route is for.

    name   as client libraries call it
    scope  read: looks; write: changes what is stored or sent; test: sends one request to a receiver, and stores nothing
    """

    name: str
    scope: str
    group: str
    summary: str


_WEBHOOKS, _DELIVERIES, _REFERENCE = "Webhooks", "Deliveries", "Reference"
_A_WEBHOOK = "/api/webhooks/{webhook_id}"
OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/api/webhooks"): Operation("list_webhooks", READ, _WEBHOOKS, "List webhooks by name"),
    ("POST", "/api/webhooks"): Operation("create_webhook", WRITE, _WEBHOOKS, "Create a webhook"),
    ("GET", _A_WEBHOOK): Operation("get_webhook", READ, _WEBHOOKS, "Read a webhook and how its deliveries do"),
    ("PUT", _A_WEBHOOK): Operation("replace_webhook", WRITE, _WEBHOOKS, "Replace a webhook as a whole"),
    ("PATCH", _A_WEBHOOK): Operation("change_webhook", WRITE, _WEBHOOKS, "Change some fields of a webhook"),
    ("DELETE", _A_WEBHOOK): Operation("delete_webhook", WRITE, _WEBHOOKS, "Delete a webhook"),
    ("POST", f"{_A_WEBHOOK}/duplicate"): Operation("duplicate_webhook", WRITE, _WEBHOOKS, "Copy a webhook"),
    ("POST", f"{_A_WEBHOOK}/signing/rotate"): Operation(
        "rotate_signing", WRITE, _WEBHOOKS, "Change the signing secret"
    ),
    ("POST", f"{_A_WEBHOOK}/test"): Operation("test_webhook", TEST, _WEBHOOKS, "Test a saved webhook"),
    ("POST", "/api/webhooks/test"): Operation("test_draft", TEST, _WEBHOOKS, "Test a webhook before it is saved"),
    ("POST", "/api/webhooks/preview"): Operation("preview_draft", READ, _WEBHOOKS, "Show what a draft would send"),
    ("GET", f"{_A_WEBHOOK}/deliveries"): Operation("list_deliveries", READ, _DELIVERIES, "List a webhook's deliveries"),
    ("GET", "/api/deliveries/{delivery_id}"): Operation("get_delivery", READ, _DELIVERIES, "Read a delivery"),
    ("POST", "/api/deliveries/{delivery_id}/replay"): Operation(
        "replay_delivery", WRITE, _DELIVERIES, "Send a delivery again"
    ),
    ("GET", "/api/events/{event_id}/deliveries"): Operation(
        "list_event_deliveries", READ, _DELIVERIES, "List an event's deliveries"
    ),
    ("POST", f"{_A_WEBHOOK}/replays"): Operation("start_replay", WRITE, _DELIVERIES, "Send failed deliveries again"),
    ("GET", f"{_A_WEBHOOK}/replays"): Operation("list_replays", READ, _DELIVERIES, "List a webhook's replay jobs"),
    ("GET", "/api/replays/{job_id}"): Operation("get_replay", READ, _DELIVERIES, "Read how far a replay job is"),
    ("POST", "/api/replays/{job_id}/cancel"): Operation("cancel_replay", WRITE, _DELIVERIES, "Stop a replay job"),
    ("POST", "/api/events"): Operation("put_event", WRITE, "Events", "Put a request event on the bus"),
    ("GET", "/api/schema"): Operation("get_schema", READ, _REFERENCE, "The JSON Schema of an event's payload"),
    ("GET", "/api/samples"): Operation("list_samples", READ, _REFERENCE, "Sample payloads"),
    ("GET", "/api/filters"): Operation("list_filters", READ, _REFERENCE, "Fields and operators of filters"),
    ("GET", "/api/recipes"): Operation("list_recipes", READ, _REFERENCE, "Ready webhooks for well-known targets"),
    ("GET", "/api/openapi.json"): Operation("get_openapi", READ, _REFERENCE, "This description, as OpenAPI 3.1"),
    ("GET", "/api/docs"): Operation("get_documentation", READ, _REFERENCE, "This description, as a page"),
}
SCOPES: Final[Mapping[tuple[str, str], str]] = {route: one.scope for route, one in OPERATIONS.items()}
