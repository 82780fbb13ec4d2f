"""Bodies in, answers and errors out: what all routes share. Every error says what was given and what would be right."""

from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from grantwire import bodies
from grantwire.errors import (
    BodyTooLargeError,
    InvalidBodyError,
    InvalidWebhookError,
    NameTakenError,
    Problem,
    StaleVersionError,
    StoreError,
    UnreadableWebhookError,
)
from grantwire.observability import logger
from grantwire.reading import NOTHING, shown

_NEVER_KEPT: Final = {"Cache-Control": "no-store"}
_STATUSES: Final = {NameTakenError: 409, UnreadableWebhookError: 409, InvalidWebhookError: 422}
# What pydantic calls it, and what we say; the names in braces are pydantic's.
_RULES: Final = {
    "missing": "is required",
    "int_parsing": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "string_too_long": "must be at most {max_length} characters long",
    "literal_error": "must be {expected}",
}


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """An answer that nobody on the way keeps."""
    return Response(status, content_types.APPLICATION_JSON, document, headers={**_NEVER_KEPT, **(headers or {})})


def json_object(event: BaseProxyEvent) -> dict[str, Any]:
    """The JSON object in a request's body. Raises InvalidBodyError, BodyTooLargeError."""
    return bodies.json_object(event.raw_event)


def wrong_body(exc: InvalidBodyError) -> Response[Any]:
    """413 for a body that is too large, 400 for one that is no JSON object."""
    status = 413 if isinstance(exc, BodyTooLargeError) else 400
    return json_answer({"statusCode": status, "message": str(exc)}, status)


def unprocessable(exc: InvalidWebhookError) -> Response[Any]:
    """422 with every wrong field; 409 when another webhook or the stored one stands in the way."""
    status = next(status for kind, status in _STATUSES.items() if isinstance(exc, kind))
    return _problems(status, str(exc), exc.problems)


def stale(exc: StaleVersionError) -> Response[Any]:
    """412: the webhook was changed meanwhile (RFC 9110, 13.1.1)."""
    return json_answer({"statusCode": 412, "message": str(exc)}, 412)


def unavailable(exc: StoreError) -> Response[Any]:
    """503: our own fault, which may pass. What failed is in the log."""
    logger().error("request stopped", extra={"reason": str(exc)})
    message = "a table, key or bus of this deployment cannot be used at the moment; try again"
    return json_answer({"statusCode": 503, "message": message}, 503)


def wrong_parameters(exc: RequestValidationError) -> Response[Any]:
    """422 for what is wrong in query and headers, in our words."""
    problems = [_problem(error) for error in exc.errors()]
    return _problems(422, "; ".join(map(str, problems)), problems)


def _problem(error: Mapping[str, Any]) -> Problem:
    rule = _RULES.get(error["type"], "is not accepted").format_map(error.get("ctx", {}))
    value = NOTHING if error["type"] == "missing" else error.get("input", NOTHING)
    return Problem(str(error["loc"][-1]), "" if value is NOTHING else shown(value), rule)


def _problems(status: int, message: str, problems: Any) -> Response[Any]:
    listed = [one.document for one in problems]
    return json_answer({"statusCode": status, "message": message, "problems": listed}, status)
