"""The OpenAPI document of the whole HTTP API: routes and parameters as the resolver finds them in the code, and what it
cannot know: scopes, bodies, answers, and the routes of the function `test_webhook`."""

import json
import re
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

import body_schemas
import delivery_schemas
from grantwire import __version__
from operations import OPERATIONS
from schema_parts import ref

Document = dict[str, Any]
_INTRODUCTION: Final = (
    "Manages webhooks, shows and replays deliveries, sends tests. Requests carry an access token. `x-scope` says "
    "which scope an operation asks for: grantwire/read, grantwire/write or grantwire/test."
)
_WORDS: Final = {
    200: "It is done.",
    201: "It is stored; Location says where.",
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
    "list_samples": "Items",
    "list_filters": "Filters",
    "list_recipes": "Items",
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
    "list_deliveries": (400, 404, 422, 503),
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
    document["components"] = {"schemas": body_schemas.components() | delivery_schemas.components()}
    return document


def _parameters(path: str) -> list[Document]:
    """Of a route that another function answers."""
    names = re.findall(r"\{(\w+)\}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _described(found: Document, name: str, group: str) -> Document:
    success = next((int(code) for code in found.get("responses", {}) if code.startswith("2")), 200)
    others = _OTHERS.get(name, ())
    done = (success, *_ALSO_DONE.get(name, ()))
    answers = {status: _success(name, status) for status in done} | {status: _error(status) for status in others}
    described: Document = {"tags": [group], "responses": {str(status): one for status, one in sorted(answers.items())}}
    if name in _BODY:
        content = {"application/json": {"schema": ref(_BODY[name])}}
        described["requestBody"] = {"required": name != "test_webhook", "content": content}
    return described


def _success(name: str, status: int) -> Document:
    answer: Document = {"description": _WORDS[status]}
    if status == 204:
        return answer
    if name == "get_documentation":
        return answer | {"content": {"text/html": {"schema": {"type": "string"}}}}
    schema = ref(_ANSWER[name]) if name in _ANSWER else {"type": "object"}
    return answer | {"content": {"application/json": {"schema": schema}}}


def _error(status: int) -> Document:
    """Some conflicts come without a list of problems."""
    names = ("Problems", "Error") if status in _WITH_PROBLEMS else ("Error",)
    schema = {"anyOf": [ref(one) for one in names]} if len(names) > 1 else ref(names[0])
    return {"description": _WORDS[status], "content": {"application/json": {"schema": schema}}}
