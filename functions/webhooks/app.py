"""HTTP: webhooks are managed, deliveries shown and replayed, events put on the bus; and all of it is described."""

from grantwire.init_phase import end_init_phase

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

import delivery_routes
import documentation_page
import event_routes
import reference_routes
import webhook_routes
from answering import json_answer, stale, unavailable, unprocessable, wrong_body, wrong_parameters
from describing import openapi
from grantwire.errors import InvalidBodyError, InvalidWebhookError, StaleVersionError, StoreError
from grantwire.observability import logger
from grantwire.stores import clients

api = APIGatewayHttpResolver(enable_validation=True)
for routes in (webhook_routes, delivery_routes, event_routes, reference_routes):
    api.include_router(routes.router)
for error, answer in (
    (InvalidBodyError, wrong_body),
    (InvalidWebhookError, unprocessable),
    (RequestValidationError, wrong_parameters),
    (StaleVersionError, stale),
    (StoreError, unavailable),
):
    api.exception_handler(error)(answer)


@cache
def description() -> dict[str, Any]:
    """Made when it is first asked for, and kept while the process is warm."""
    return openapi(api)


@api.get("/api/openapi.json")
def description_as_json() -> Response[Any]:
    """The OpenAPI document of all routes."""
    return json_answer(description())


@api.get("/api/docs")
def description_as_page() -> Response[Any]:
    """The same, to read."""
    return Response(200, "text/html; charset=utf-8", documentation_page.page(description()), documentation_page.HEADERS)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda calls this for each HTTP request."""
    logger().set_correlation_id(context.aws_request_id)
    return api.resolve(event, context)


end_init_phase(webhook_routes.keeper, clients.read_authorities)
