"""Puts together what replays deliveries; `wiring` has what sends them."""

import time

from grantwire.replaying import Replayer
from grantwire.settings import QueueSettings
from grantwire.stores import clients
from grantwire.stores.deliveries import DeliveryStore
from grantwire.stores.replay_jobs import ReplayJobStore
from grantwire.wiring import wakeup_queue


def replay_jobs(table_name: str, retention_days: int) -> ReplayJobStore:
    """Replay jobs, in the table of deliveries."""
    return ReplayJobStore(
        client=clients.dynamodb(), table_name=table_name, retention_days=retention_days, clock=time.time
    )


def replayer(settings: QueueSettings, deliveries: DeliveryStore) -> Replayer:
    """Sends ended deliveries again, by way of the queue."""
    queue = wakeup_queue(settings.wakeups_url)
    jobs = replay_jobs(settings.deliveries_table, settings.delivery_retention_days)
    return Replayer(rows=deliveries, jobs=jobs, wakeups=queue, steps=queue, clock=time.time)
