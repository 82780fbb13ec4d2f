"""An EventBridge request event comes in and goes out to every webhook that wants it."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire.delivering import Deliverer
from grantwire.dispatching import Dispatcher
from grantwire.egress import Egress
from grantwire.invoking import Invoker
from grantwire.observability import logger, write_metrics
from grantwire.settings import dispatch_settings
from grantwire.stores import clients
from grantwire.stores.dead_letters import DeadLetterQueue
from grantwire.stores.deliveries import DeliveryStore
from grantwire.stores.secrets import KmsSecrets
from grantwire.stores.webhooks import WebhookStore

CONCURRENT_DELIVERIES = 50  # threads wait far more than they work; a container holds them easily


@cache
def dispatcher() -> Dispatcher:
    """Wired together at the first event, and kept while the process is warm."""
    settings = dispatch_settings()
    deliveries = DeliveryStore(
        client=clients.dynamodb(),
        table_name=settings.deliveries_table,
        retention_days=settings.delivery_retention_days,
        clock=time.time,
    )
    egress = Egress(allowed_hosts=settings.egress.allowed_hosts, permit_loopback=settings.egress.permit_loopback)
    invoker = Invoker(sender=egress, secrets=KmsSecrets(client=clients.kms))
    return Dispatcher(
        webhooks=WebhookStore(client=clients.dynamodb(), table_name=settings.webhooks_table),
        events=deliveries,
        dead_letters=DeadLetterQueue(client=clients.sqs, queue_url=settings.dispatch_dead_letters_url),
        deliverer=Deliverer(invoker=invoker, deliveries=deliveries, clock=time.time),
        executor=ThreadPoolExecutor(CONCURRENT_DELIVERIES, "deliver"),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Lambda calls this, asynchronously, for each event that the rule lets through."""
    logger().set_correlation_id(context.aws_request_id)
    try:
        dispatcher().dispatch(event)
    finally:
        write_metrics()
