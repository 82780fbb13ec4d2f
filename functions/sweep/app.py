"""Each minute: wakes what is overdue, and finds senders that did not come back."""

from grantwire.init_phase import end_init_phase

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire import replay_wiring, wiring
from grantwire.circuits import CircuitKeeper
from grantwire.ending import Ender
from grantwire.observability import Metric, count, logger, measure, write_metrics
from grantwire.settings import sweep_settings
from grantwire.stores import clients
from grantwire.sweeping import Sweeper

RESERVE_MS = 10_000  # left for the page that was begun
SWEEP_MS = 30_000  # left for the sweep by whatever drains


@cache
def sweeper() -> Sweeper:
    """Wired together once, and kept while the process is warm."""
    settings = sweep_settings()
    queue = wiring.wakeup_queue(settings.wakeups_url)
    rows = wiring.delivery_store(settings.deliveries_table, settings.delivery_retention_days)
    return Sweeper(
        rows=rows,
        wakeups=queue,
        ender=Ender(rows=rows, bus=wiring.event_bus(settings.event_bus)),
        jobs=replay_wiring.replay_jobs(settings.deliveries_table, settings.delivery_retention_days),
        steps=queue,
        clock=time.time,
        random=random.random,
    )


@cache
def circuit_keeper() -> CircuitKeeper:
    """Wired together once, and kept while the process is warm."""
    settings = sweep_settings()
    rows = wiring.delivery_store(settings.deliveries_table, settings.delivery_retention_days)
    return CircuitKeeper(
        records=wiring.circuit_store(settings.deliveries_table),
        rows=rows,
        wakeups=wiring.wakeup_queue(settings.wakeups_url),
        ender=Ender(rows=rows, bus=wiring.event_bus(settings.event_bus)),
        webhook=wiring.webhook_store(settings.webhooks_table).readable,
        clock=time.time,
    )


def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - a schedule has nothing to say
    """Lambda calls this each minute. What stops the circuits does not stop the sweep, and is raised after it."""
    logger().set_correlation_id(context.aws_request_id)
    left = context.get_remaining_time_in_millis
    with ExitStack() as afterwards:
        afterwards.callback(write_metrics)
        afterwards.callback(_sweep, has_time=lambda: left() > RESERVE_MS)
        circuit_keeper().look_after(has_time=lambda: left() > SWEEP_MS)


def _sweep(*, has_time: Callable[[], bool]) -> None:
    swept = sweeper().sweep(has_time=has_time)
    count(Metric.SWEPT, swept.deliveries)
    measure(Metric.OVERDUE_SECONDS, swept.oldest_seconds)


end_init_phase(sweeper, circuit_keeper, clients.read_authorities)
