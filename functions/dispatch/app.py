"""EventBridge request events come in, one by one or in batches, and go out to every webhook that wants them."""

from grantwire.init_phase import end_init_phase

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import wiring
from grantwire.delivering import SecondsLeft
from grantwire.dispatching import Dispatcher
from grantwire.observability import logger, write_metrics
from grantwire.settings import dispatch_settings
from grantwire.stores import clients
from grantwire.stores.dead_letters import DeadLetterQueue

AT_ONCE = 50  # threads wait far more than they work; a container holds them easily
BATCH = 10  # of the event source mapping in template.yaml


@cache
def dispatcher() -> Dispatcher:
    """Wired together once, and kept while the process is warm."""
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


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BATCH, "dispatch")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]] | None:
    """Lambda calls this, asynchronously, for each event that the rule lets through, or for a batch of them from SQS.

    Of a batch, what is named in the answer comes again, and in the end to the dead letters.
    """
    logger().set_correlation_id(context.aws_request_id)
    seconds_left = partial(_seconds_left, context)
    try:
        if "Records" not in event:
            dispatcher().dispatch(event, seconds_left=seconds_left)
            return None
        dispatcher()  # before threads ask for it: each that finds none would make its own
        failed = _threads().map(partial(_failure, seconds_left=seconds_left), event["Records"])
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed if one]}
    finally:
        write_metrics()


def _seconds_left(context: LambdaContext) -> float:
    return context.get_remaining_time_in_millis() / 1000


def _failure(record: dict[str, Any], *, seconds_left: SecondsLeft) -> str:
    """Handle one event of a batch; its message's id when it could not be handled."""
    try:
        dispatcher().dispatch(json.loads(record["body"]), seconds_left=seconds_left)
    except Exception as exc:
        logger().error("event failed", extra={"message_id": record["messageId"], "reason": type(exc).__name__})
        return str(record["messageId"])
    return ""


end_init_phase(dispatcher, clients.kms, clients.read_authorities)
