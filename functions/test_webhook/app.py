"""HTTP: send one test delivery, to a saved webhook or to a draft, and answer with its invocation data."""

import time
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import testing, wiring
from grantwire.configurations import parse_webhook
from grantwire.errors import InvalidWebhookError, Problem, StoreError
from grantwire.identifiers import is_webhook_id
from grantwire.invoking import Invoker
from grantwire.models import Webhook
from grantwire.observability import logger
from grantwire.reading import read_json
from grantwire.settings import webhook_test_settings

api = APIGatewayHttpResolver()


@cache
def invoker(own_host: str) -> Invoker:
    """Wired together at the first test, and kept while the process is warm. API Gateway says what its host is."""
    return wiring.invoker(webhook_test_settings().egress, own_host=own_host)


@api.post("/api/webhooks/<webhook_id>/test")
def saved_webhook(webhook_id: str) -> dict[str, object]:
    """Test a saved webhook, active or not. Body, optional: `trigger`, or `event` (a payload)."""
    webhook = is_webhook_id(webhook_id) and wiring.webhook_store(webhook_test_settings().webhooks_table).get(webhook_id)
    if not webhook:
        raise NotFoundError(f"there is no webhook {webhook_id}")
    return _tested(webhook, _body())


@api.post("/api/webhooks/test")
def draft() -> dict[str, object]:
    """Test an unsaved webhook. Body: `webhook`, and optionally `trigger` or `event`."""
    return _tested(_draft(body := _body()), body)


@api.post("/api/webhooks/preview")
def preview() -> dict[str, object]:
    """What a draft would send, without sending it. Body as for a test of a draft."""
    webhook = _draft(body := _body())
    return testing.preview(webhook, testing.event_for(webhook, body), now=time.time())


def _tested(webhook: Webhook, body: dict[str, Any]) -> dict[str, object]:
    sender = invoker(api.current_event.request_context.domain_name)
    return testing.run(webhook, testing.event_for(webhook, body), sender)


def _draft(body: dict[str, Any]) -> Webhook:
    if "webhook" not in body:
        raise InvalidWebhookError([Problem("webhook", "", "is required: the draft to be tested")])
    return parse_webhook(body["webhook"], webhook_id="wh_draft", now=time.time())


def _body() -> dict[str, Any]:
    try:
        body = read_json(api.current_event.decoded_body or "{}")
    except (ValueError, RecursionError) as exc:
        raise BadRequestError(f"the body is not JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise BadRequestError("the body must be a JSON object")
    return body


@api.exception_handler(InvalidWebhookError)  # type: ignore[untyped-decorator]
def _unprocessable(exc: InvalidWebhookError) -> Response[Any]:
    problems = [{"path": one.path, "value": one.value, "rule": one.rule} for one in exc.problems]
    return Response(422, content_types.APPLICATION_JSON, {"statusCode": 422, "message": str(exc), "problems": problems})


@api.exception_handler(StoreError)  # type: ignore[untyped-decorator]
def _unavailable(exc: StoreError) -> Response[Any]:
    logger().error("test stopped", extra={"reason": str(exc)})
    message = "the webhook or its secrets cannot be read at the moment; try again"
    return Response(503, content_types.APPLICATION_JSON, {"statusCode": 503, "message": message})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda calls this for each HTTP request."""
    logger().set_correlation_id(context.aws_request_id)
    return api.resolve(event, context)
