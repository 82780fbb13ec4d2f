"""Puts together what both sending functions, `dispatch` and `redeliver`, are made of."""

import random
import time

from grantwire.circuits import Circuits
from grantwire.delivering import Deliverer
from grantwire.egress import Egress
from grantwire.ending import Ender
from grantwire.health import HealthKeeper
from grantwire.invoking import Invoker
from grantwire.pacing import Pacer
from grantwire.settings import DeliverySettings, EgressSettings
from grantwire.stores import clients
from grantwire.stores.bus import EventBus
from grantwire.stores.circuits import CircuitStore
from grantwire.stores.deliveries import DeliveryStore
from grantwire.stores.paces import PaceStore
from grantwire.stores.secrets import KmsSecrets
from grantwire.stores.wakeups import WakeupQueue
from grantwire.stores.webhooks import WebhookStore


def invoker(settings: EgressSettings, *, own_host: str) -> Invoker:
    """Sends over the checked way out, and opens secrets by KMS."""
    sender = Egress(allowed_hosts=settings.allowed_hosts, own_host=own_host, permit_loopback=settings.permit_loopback)
    sender.prepare()
    return Invoker(sender=sender, secrets=KmsSecrets(client=clients.kms))


def delivery_store(table_name: str, retention_days: int) -> DeliveryStore:
    """The table of deliveries."""
    return DeliveryStore(
        client=clients.dynamodb(), table_name=table_name, retention_days=retention_days, clock=time.time
    )


def webhook_store(table_name: str) -> WebhookStore:
    """The table of webhooks."""
    return WebhookStore(client=clients.dynamodb(), table_name=table_name)


def wakeup_queue(queue_url: str) -> WakeupQueue:
    """The queue of wake-ups."""
    return WakeupQueue(client=clients.sqs, queue_url=queue_url)


def health_keeper(settings: DeliverySettings) -> HealthKeeper:
    """Switches off webhooks whose receivers are gone, and tells the bus."""
    return HealthKeeper(
        records=webhook_store(settings.webhooks_table),
        bus=event_bus(settings.event_bus),
        clock=time.time,
        disable_after_days=settings.disable_after_days,
    )


def event_bus(name: str) -> EventBus:
    """The bus that our own events are put on."""
    return EventBus(client=clients.events, name=name)


def circuit_store(table_name: str) -> CircuitStore:
    """Circuits, in the table of deliveries."""
    return CircuitStore(client=clients.dynamodb(), table_name=table_name)


def pace_store(table_name: str) -> PaceStore:
    """Paces, in the table of deliveries."""
    return PaceStore(client=clients.dynamodb(), table_name=table_name, clock=time.time)


def deliverer(settings: DeliverySettings, deliveries: DeliveryStore) -> Deliverer:
    """Delivers, by the real clock and real chance."""
    return Deliverer(
        invoker=invoker(settings.egress, own_host=settings.own_host),
        deliveries=deliveries,
        wakeups=wakeup_queue(settings.wakeups_url),
        ender=Ender(rows=deliveries, bus=event_bus(settings.event_bus)),
        health=health_keeper(settings),
        circuits=Circuits(records=circuit_store(settings.deliveries_table), clock=time.time),
        pacer=Pacer(records=pace_store(settings.deliveries_table), clock=time.time, sleep=time.sleep),
        clock=time.time,
        random=random.random,  # jitter; nothing secret depends on it
    )
