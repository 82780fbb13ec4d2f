"""HTTP: send one test delivery, to a saved webhook or to a draft, and answer with its invocation data."""

from grantwire.init_phase import end_init_phase

import time
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import errors, ordering, testing, wiring
from grantwire.bodies import json_object
from grantwire.invoking import Invoker
from grantwire.observability import logger
from grantwire.settings import webhook_test_settings
from grantwire.stores import clients

api = APIGatewayHttpResolver()


@cache
def invoker(own_host: str) -> Invoker:
    """Wired together at the first test, and kept while the process is warm. API Gateway says what its host is."""
    return wiring.invoker(webhook_test_settings().egress, own_host=own_host)


@api.post("/api/webhooks/<webhook_id>/test")
def saved_webhook(webhook_id: str) -> Response[Any]:
    """Test a saved webhook, active or not. Body, optional: `webhook` (as changed), `trigger` or `event` (a payload)."""
    stored = ordering.stored(wiring.webhook_store(webhook_test_settings().webhooks_table), webhook_id)
    if stored is None:
        raise NotFoundError(f"there is no webhook {webhook_id}")
    return _tested(ordering.of_saved(stored, _body(), now=time.time()))


@api.post("/api/webhooks/test")
def draft() -> Response[Any]:
    """Test an unsaved webhook. Body: `webhook`, and optionally `trigger` or `event`."""
    return _tested(ordering.of_draft(_body(), now=time.time()))


@api.post("/api/webhooks/preview")
def preview() -> Response[Any]:
    """What a draft would send, without sending it. Body as for a test of a draft; masks may stand for its secrets."""
    now = time.time()
    order = ordering.of_draft(_body(), now=now, masked_secrets=True)
    return _answer(testing.preview(order.webhook, order.event, now=now))


def _tested(order: ordering.Order) -> Response[Any]:
    return _answer(testing.run(order.webhook, order.event, invoker(api.current_event.request_context.domain_name)))


def _body() -> dict[str, Any]:
    return json_object(api.current_event.raw_event, required=False)


def _answer(document: dict[str, object], status: int = 200) -> Response[Any]:
    """An answer that nobody on the way keeps."""
    return Response(status, content_types.APPLICATION_JSON, document, headers={"Cache-Control": "no-store"})


def _refusal(status: int, message: str, **more: object) -> Response[Any]:
    return _answer({"statusCode": status, "message": message, **more}, status)


@api.exception_handler(errors.InvalidBodyError)  # type: ignore[untyped-decorator]
def _wrong_body(exc: errors.InvalidBodyError) -> Response[Any]:
    return _refusal(413 if isinstance(exc, errors.BodyTooLargeError) else 400, str(exc))


@api.exception_handler(errors.InvalidWebhookError)  # type: ignore[untyped-decorator]
def _unprocessable(exc: errors.InvalidWebhookError) -> Response[Any]:
    status = 409 if isinstance(exc, errors.UnreadableWebhookError) else 422
    return _refusal(status, str(exc), problems=[one.document for one in exc.problems])


@api.exception_handler(errors.StoreError)  # type: ignore[untyped-decorator]
def _unavailable(exc: errors.StoreError) -> Response[Any]:
    logger().error("test stopped", extra={"reason": str(exc)})
    return _refusal(503, "the webhook or its secrets cannot be read at the moment; try again")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda calls this for each HTTP request."""
    logger().set_correlation_id(context.aws_request_id)
    return api.resolve(event, context)


end_init_phase(clients.dynamodb, clients.kms, clients.read_authorities)
