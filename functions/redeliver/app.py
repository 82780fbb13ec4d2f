"""SQS says that deliveries are due: each is given its next attempt, all of a batch side by side."""

from grantwire.init_phase import end_init_phase

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import replay_wiring, wiring
from grantwire.delivering import SecondsLeft
from grantwire.observability import logger, write_metrics
from grantwire.redelivering import Redeliverer
from grantwire.replaying import Replayer, ReplayStep
from grantwire.settings import delivery_settings
from grantwire.stores import clients
from grantwire.stores.messages import read_message

BATCH = 10  # of the event source mapping in template.yaml


@cache
def redeliverer() -> Redeliverer:
    """Wired together once, and kept while the process is warm."""
    settings = delivery_settings()
    deliveries = wiring.delivery_store(settings.deliveries_table, settings.delivery_retention_days)
    return Redeliverer(
        rows=deliveries,
        webhooks=wiring.webhook_store(settings.webhooks_table),
        deliverer=wiring.deliverer(settings, deliveries),
        clock=time.time,
    )


@cache
def replayer() -> Replayer:
    """Wired together at the first step of a replay job, and kept while the process is warm."""
    settings = delivery_settings()
    deliveries = wiring.delivery_store(settings.deliveries_table, settings.delivery_retention_days)
    return replay_wiring.replayer(settings, deliveries)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BATCH, "redeliver")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Lambda calls this for each batch; what is named in the answer comes again, and in the end to the dead letters."""
    logger().set_correlation_id(context.aws_request_id)
    try:
        redeliverer()  # before threads ask for it: each that finds none would make its own
        handle = partial(_failure, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
        failed = list(_threads().map(handle, event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed if one]}
    finally:
        write_metrics()


def _failure(record: dict[str, Any], *, seconds_left: SecondsLeft) -> str:
    """Handle one message; its id when it could not be handled."""
    try:
        message = read_message(record["body"])
        if isinstance(message, ReplayStep):
            replayer().step(message.job_id)
        else:
            redeliverer().redeliver(message, seconds_left=seconds_left)
    except Exception as exc:
        logger().error("wake-up failed", extra={"message_id": record["messageId"], "reason": type(exc).__name__})
        return str(record["messageId"])
    return ""


end_init_phase(redeliverer, clients.kms, clients.read_authorities)
