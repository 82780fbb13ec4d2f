"""An EventBridge request event comes in and goes out to every webhook that wants it."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import wiring
from grantwire.dispatching import Dispatcher
from grantwire.observability import logger, write_metrics
from grantwire.settings import dispatch_settings
from grantwire.stores import clients
from grantwire.stores.dead_letters import DeadLetterQueue

AT_ONCE = 50  # threads wait far more than they work; a container holds them easily


@cache
def dispatcher() -> Dispatcher:
    """Wired together at the first event, and kept while the process is warm."""
    settings = dispatch_settings()
    deliveries = wiring.delivery_store(
        settings.deliveries.deliveries_table, settings.deliveries.delivery_retention_days
    )
    return Dispatcher(
        webhooks=wiring.webhook_store(settings.deliveries.webhooks_table),
        events=deliveries,
        dead_letters=DeadLetterQueue(client=clients.sqs, queue_url=settings.dispatch_dead_letters_url),
        deliverer=wiring.deliverer(settings.deliveries, deliveries),
        executor=ThreadPoolExecutor(AT_ONCE, "deliver"),
        at_once=AT_ONCE,
    )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Lambda calls this, asynchronously, for each event that the rule lets through."""
    logger().set_correlation_id(context.aws_request_id)
    try:
        dispatcher().dispatch(event, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
    finally:
        write_metrics()
