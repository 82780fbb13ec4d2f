"""Events sent through the real use case, on fakes, to a receiver in memory or over the wire: what becomes of them."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from grantwire.circuits import Circuits
from grantwire.configurations import parse_webhook
from grantwire.delivering import Deliverer
from grantwire.dispatching import Dispatcher
from grantwire.ending import Ender
from grantwire.health import HealthKeeper
from grantwire.invoking import Invoker
from grantwire.models import Exchange, HttpRequest, HttpResponse, Timings
from grantwire.observability import clear_metrics
from grantwire.pacing import Pacer
from grantwire.samples import sample_payload
from tests import fakes
from tests.hostile.cases import Came
from tests.hostile.world import World

NOW = 1795000000.0
VALUES = '{"id": "{{data.id}}", "who": "{{data.requester.name}}", "why": {{data.justification}}, "n": {{data.n}}}'
WHOLE = '{"all": {{data}}}'


@dataclass
class Receiver:
    """Takes everything, and keeps it."""

    requests: list[HttpRequest] = field(default_factory=list)

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        self.requests.append(request)
        response = HttpResponse(status=200, headers=(), body=b"{}", truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(total=1.0), remote_address="192.0.2.1")


@dataclass
class Sending:
    """One webhook that is sent every created request, and what was sent to it."""

    template: str = VALUES
    fields: Mapping[str, object] = field(default_factory=dict)
    sender: Any = field(default_factory=Receiver)
    dead_letters: fakes.FakeDeadLetters = field(default_factory=fakes.FakeDeadLetters)
    deliveries: fakes.FakeDeliveries = field(default_factory=fakes.FakeDeliveries)

    def webhook_document(self) -> dict[str, object]:
        document = {
            "name": "Torq",
            "url": "https://hooks.example.com/v1/webhooks/1/",
            "active": True,
            "body_template": self.template,
            "triggers": ["RequestCreated"],
            "retry": {"max_attempts": 1},
        }
        return document | dict(self.fields)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        webhook = parse_webhook(self.webhook_document(), webhook_id="wh_1", now=NOW)
        webhooks = fakes.FakeWebhooks({webhook.id: webhook})
        deliverer = Deliverer(
            invoker=Invoker(sender=self.sender, secrets=fakes.FakeSecrets(), clock=lambda: NOW),
            deliveries=self.deliveries,
            wakeups=fakes.FakeWakeups(),
            ender=Ender(rows=self.deliveries, bus=fakes.FakeBus()),
            health=HealthKeeper(records=webhooks, bus=fakes.FakeBus(), clock=lambda: NOW, disable_after_days=5),
            circuits=Circuits(records=fakes.FakeCircuits(), clock=lambda: NOW),
            pacer=Pacer(records=fakes.FakePaces(), clock=lambda: NOW, sleep=lambda _: None),
            clock=lambda: NOW,
            random=lambda: 0.5,
        )
        return Dispatcher(
            webhooks=webhooks,
            events=self.deliveries,
            dead_letters=self.dead_letters,
            deliverer=deliverer,
            executor=ThreadPoolExecutor(2),
        )

    def take(self, event: object) -> str:
        """What becomes of an event."""
        sent, kept, rows = len(self._requests()), len(self.dead_letters.letters), len(self.deliveries.rows)
        self.dispatcher.dispatch(event)
        if len(self.dead_letters.letters) > kept:
            return f"dead letter: {self.dead_letters.letters[-1][1]}"
        if len(self._requests()) > sent:
            return "sent"
        if len(self.deliveries.rows) > rows:
            return f"failed: {list(self.deliveries.rows.values())[-1].reason}"
        return "ignored"

    def _requests(self) -> list[HttpRequest]:
        requests: list[HttpRequest] = getattr(self.sender, "requests", [])
        return requests

    def close(self) -> None:
        """End the threads."""
        self.dispatcher.executor.shutdown()
        clear_metrics()


def envelope(detail: object, **fields: object) -> dict[str, object]:
    """An event as EventBridge sends it."""
    return {"id": "11111111", "detail-type": "RequestCreated", "source": "apono", "detail": detail} | fields


def event(**data: object) -> dict[str, object]:
    """An event whose request has these fields."""
    payload = sample_payload("RequestCreated")
    payload["data"].update(data)
    return envelope(payload)


Check = Callable[[Any], str]  # what is wrong with a body that was sent; empty when nothing is


def came_of(sending: Sending, event_in: object, check: Check, world: World) -> Came:
    """What becomes of the event, and whether the body is right and the next event is unharmed."""
    world.meter.start()
    outcome = sending.take(event_in)
    world.meter.stop()
    harm = check(json.loads(sending.sender.requests[-1].body)) if outcome == "sent" else ""
    if not harm and sending.take(event(id="the next one")) != "sent":
        harm = "the next event was not sent"
    sending.close()
    return Came(outcome=outcome, harm=harm)
