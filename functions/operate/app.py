"""For the person on call, by `aws lambda invoke`: re-drive dead letters, replay deliveries. See docs/operations.md."""

from grantwire.init_phase import end_init_phase

import time
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import replay_wiring, wiring
from grantwire.observability import logger
from grantwire.operating import Operator
from grantwire.redriving import Redriver
from grantwire.settings import operate_settings
from grantwire.stores import clients
from grantwire.stores.dead_letters import DeadLetterQueue
from grantwire.stores.functions import AsynchronousFunction

RESERVE_MS = 10_000  # left for the answer


@cache
def operator() -> Operator:
    """Wired together once, and kept while the process is warm."""
    settings = operate_settings()
    deliveries = wiring.delivery_store(settings.deliveries_table, settings.delivery_retention_days)
    letters = DeadLetterQueue(client=clients.sqs, queue_url=settings.dispatch_dead_letters_url)
    dispatch = AsynchronousFunction(client=clients.functions, name=settings.dispatch_function)
    return Operator(
        redriver=Redriver(letters=letters, dispatch=dispatch),
        replayer=replay_wiring.replayer(settings, deliveries),
        deliveries=deliveries,
        jobs=replay_wiring.replay_jobs(settings.deliveries_table, settings.delivery_retention_days),
        clock=time.time,
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:
    """Lambda calls this for each command and returns the answer."""
    logger().set_correlation_id(context.aws_request_id)
    return operator().run(event, has_time=lambda: context.get_remaining_time_in_millis() > RESERVE_MS)


end_init_phase(operator, clients.read_authorities)
