"""The JSON object in a request's body, as API Gateway hands it over."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from grantwire.errors import BodyTooLargeError, InvalidBodyError
from grantwire.reading import read_json, shown

MAX_BODY_BYTES: Final = 256 * 1024


def json_object(event: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The object, whatever its Content-Type; an empty one for no body at all when none is `required`.

    `event`: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    Raises InvalidBodyError when there is none, BodyTooLargeError for more than 256 KB.
    """
    body = _bytes(event)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLargeError(
            f"the body has {len(body)} bytes; it must have at most {MAX_BODY_BYTES} ({MAX_BODY_BYTES // 1024} KB)"
        )
    if not body.strip():
        if not required:
            return {}
        raise InvalidBodyError("the request has no body; it must be a JSON object")
    try:
        document = read_json(body)
    except (ValueError, RecursionError) as exc:
        raise InvalidBodyError(f"the body is not JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise InvalidBodyError(f"the body is {shown(document)}; it must be a JSON object")
    return document


def _bytes(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except ValueError as exc:
        raise InvalidBodyError("the body is not base64, though it says so") from exc
