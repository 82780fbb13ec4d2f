"""The OpenAPI document of the whole HTTP API: routes and parameters as the resolver finds them in the code, and what it
cannot know: scopes, bodies, answers, and the routes of the function `test_webhook`."""

import json
import re
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

import body_schemas
import delivery_schemas
import examples
import reference_schemas
from grantwire import __version__
from operations import OPERATIONS
from schema_parts import ref

Document = dict[str, Any]
_INTRODUCTION: Final = (
    "Manages webhooks, shows and replays deliveries, sends tests. Requests carry an access token. `x-scope` says "
    "which scope an operation asks for: grantwire/read, grantwire/write or grantwire/test."
)
_WORDS: Final = {
    200: "Done.",
    201: "It is stored; `Location` says where.",
    202: "It is accepted, and will be done.",
    204: "It is gone.",
    400: "The request cannot be understood.",
    404: "There is no such thing.",
    409: "What is there stands in the way.",
    412: "It was changed meanwhile: the message has the version that is there now.",
    413: "The body is larger than 256 KB.",
    422: "Fields are wrong: each with its value and what would be right.",
    428: "If-Match is missing.",
    503: "Something of AWS cannot be used at the moment; try again.",
}
_NAME_TAKEN: Final = "Another webhook has the name: the message has which; or what is stored cannot be read."
_UNREADABLE: Final = "What is stored cannot be read: the message says why."
_NOT_SENDABLE: Final = "the webhook is inactive, cannot be read or is gone."
# By operation and status, where more can be said than `_WORDS` does.
_SAID: Final = {
    ("create_webhook", 409): "Another webhook has the name: the message has which.",
    ("get_webhook", 409): _UNREADABLE,
    ("replace_webhook", 409): _NAME_TAKEN,
    ("change_webhook", 409): _NAME_TAKEN,
    ("rotate_signing", 409): _UNREADABLE,
    ("rotate_signing", 422): "The webhook does not sign, or was rotated within the last 24 hours.",
    ("duplicate_webhook", 409): _UNREADABLE,
    ("test_webhook", 409): _UNREADABLE,
    ("replay_delivery", 202): "It is sent again.",
    ("replay_delivery", 409): f"The delivery has not ended, or {_NOT_SENDABLE}",
    ("start_replay", 200): "A dry run, which only counts.",
    ("start_replay", 400): "The body is no JSON object, or the time range has more than one request can count.",
    ("start_replay", 409): _NOT_SENDABLE.capitalize(),
    ("list_event_deliveries", 404): "The event is not stored: it was too large, is too old, or no webhook wanted it.",
    ("cancel_replay", 409): "The job is done or cancelled already.",
}
_WITH_PROBLEMS: Final = (409, 422)
# By operation: the body it takes, the schema it answers with, and the other answers it gives.
_BODY: Final = {
    "create_webhook": "WebhookDocument",
    "replace_webhook": "WebhookDocument",
    "change_webhook": "WebhookPatch",
    "start_replay": "ReplayWish",
    "put_event": "Event",
    "test_webhook": "Test",
    "test_draft": "DraftTest",
    "preview_draft": "DraftTest",
}
_ANSWER: Final = {
    "list_webhooks": "WebhookPage",
    "create_webhook": "SavedWebhook",
    "get_webhook": "WebhookWithHealth",
    "replace_webhook": "SavedWebhook",
    "change_webhook": "SavedWebhook",
    "duplicate_webhook": "SavedWebhook",
    "rotate_signing": "SavedWebhook",
    "list_deliveries": "DeliveryPage",
    "get_delivery": "WholeDelivery",
    "replay_delivery": "Delivery",
    "list_event_deliveries": "EventDeliveries",
    "start_replay": "ReplayStarted",
    "list_replays": "ReplayJobs",
    "get_replay": "ReplayJob",
    "cancel_replay": "ReplayJob",
    "test_webhook": "InvocationData",
    "test_draft": "InvocationData",
    "preview_draft": "Preview",
    "put_event": "AcceptedEvent",
    "list_samples": "Samples",
    "list_filters": "Filters",
    "list_recipes": "Recipes",
}
_MADE: Final = ("create_webhook", "duplicate_webhook")
_ANSWER_HEADERS: Final[Document] = {
    "Location": {"is": "the path of what was made", "in": _MADE},
    "ETag": {
        "is": "the version, for If-Match of a change",
        "in": (*_MADE, "get_webhook", "replace_webhook", "change_webhook", "rotate_signing"),
    },
}
_CHANGE: Final = (404, 409, 412, 428, 503)
_OTHERS: Final = {
    "list_webhooks": (422, 503),
    "create_webhook": (400, 409, 413, 422, 503),
    "get_webhook": (404, 409, 503),
    "replace_webhook": (400, 413, 422, *_CHANGE),
    "change_webhook": (400, 413, 422, *_CHANGE),
    "delete_webhook": (404, 412, 428, 503),
    "rotate_signing": (422, *_CHANGE),
    "duplicate_webhook": (404, 409, 422, 503),
    "list_deliveries": (404, 422, 503),
    "get_delivery": (404, 503),
    "replay_delivery": (404, 409, 503),
    "list_event_deliveries": (404, 503),
    "start_replay": (400, 404, 409, 413, 422, 503),
    "list_replays": (404, 503),
    "get_replay": (404, 503),
    "cancel_replay": (404, 409, 503),
    "put_event": (400, 413, 422, 503),
    "test_webhook": (400, 404, 409, 413, 422, 503),
    "test_draft": (400, 413, 422, 503),
    "preview_draft": (400, 413, 422),
}
_IDS: Final = {
    "webhook_id": "the webhook's `id`",
    "delivery_id": "the delivery's `id`, which its receiver saw as `webhook-id`",
    "event_id": "the event's id, as `POST /api/events` answers it and a delivery names it",
    "job_id": "the job's `id`",
}
_ALSO_DONE: Final = {"start_replay": (200,)}  # a dry run only counts


def openapi(api: APIGatewayHttpResolver) -> Document:
    """The document, OpenAPI 3.1."""
    document: Document = json.loads(
        api.get_openapi_json_schema(title="Grantwire", version=__version__, description=_INTRODUCTION)
    )
    for (method, path), operation in OPERATIONS.items():
        found = document["paths"].setdefault(path, {}).setdefault(method.lower(), {"parameters": _parameters(path)})
        found.update(_described(found, operation.name, operation.group))
        found |= {"operationId": operation.name, "summary": operation.summary, "x-scope": operation.scope}
        found["description"] = operation.more
        for parameter in found.get("parameters", []):
            parameter |= _of_parameter(parameter["name"])
    document["paths"] = _in_order(document["paths"])
    modules = (body_schemas, delivery_schemas, reference_schemas)
    document["components"] = {"schemas": {name: one for module in modules for name, one in module.components().items()}}
    return document


def _parameters(path: str) -> list[Document]:
    """Of a route that another function answers."""
    names = re.findall(r"\{(\w+)\}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _in_order(paths: Document) -> Document:
    """As the operations stand in their table."""
    ordered: Document = {}
    for method, path in OPERATIONS:
        ordered.setdefault(path, {})[method.lower()] = paths[path][method.lower()]
    return ordered


def _of_parameter(name: str) -> Document:
    """What the code does not say of a parameter."""
    meaning: Document = {"description": _IDS[name]} if name in _IDS else {}
    meaning |= {"required": True} if name == "if-match" else {}  # our own 428 says more than a 422 would
    return meaning | ({"example": examples.PARAMETERS[name]} if name in examples.PARAMETERS else {})


def _described(found: Document, name: str, group: str) -> Document:
    success = next((int(code) for code in found.get("responses", {}) if code.startswith("2")), 200)
    others = _OTHERS.get(name, ())
    done = (success, *_ALSO_DONE.get(name, ()))
    answers = {status: _success(name, status) for status in done} | {status: _error(name, status) for status in others}
    described: Document = {"tags": [group], "responses": {str(status): one for status, one in sorted(answers.items())}}
    if name in _BODY:
        content = {"schema": ref(_BODY[name]), "example": examples.BODIES[name]}
        described["requestBody"] = {"required": name != "test_webhook", "content": {"application/json": content}}
    return described


def _success(name: str, status: int) -> Document:
    answer: Document = {"description": _SAID.get((name, status), _WORDS[status])}
    if headers := {header: one for header, one in _ANSWER_HEADERS.items() if name in one["in"]}:
        answer["headers"] = {
            header: {"description": one["is"], "schema": {"type": "string"}, "example": _example_of(header, name)}
            for header, one in headers.items()
        }
    if status == 204:
        return answer
    if name == "get_documentation":
        return answer | {"content": {"text/html": {"schema": {"type": "string"}}}}
    content: Document = {"schema": ref(_ANSWER[name]) if name in _ANSWER else {"type": "object"}}
    if name in examples.ANSWERS and status not in _ALSO_DONE.get(name, ()):
        content["example"] = examples.ANSWERS[name]
    return answer | {"content": {"application/json": content}}


def _example_of(header: str, name: str) -> str:
    answer = examples.ANSWERS[name]
    return f"/api/webhooks/{answer['id']}" if header == "Location" else f'"{answer["version"]}"'


def _error(name: str, status: int) -> Document:
    """Some conflicts come without a list of problems."""
    names = ("Problems", "Error") if status in _WITH_PROBLEMS else ("Error",)
    schema = {"anyOf": [ref(one) for one in names]} if len(names) > 1 else ref(names[0])
    description = _SAID.get((name, status), _WORDS[status])
    return {"description": description, "content": {"application/json": {"schema": schema}}}
