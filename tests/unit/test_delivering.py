"""`delivering`: when a delivery that has to wait for its turn is woken."""

from dataclasses import replace

import pytest

from grantwire.circuits import FEWEST_ATTEMPTS, Circuit, Circuits
from grantwire.configurations import MAX_TIMEOUT_SECONDS, parse_webhook
from grantwire.delivering import LEASE_SECONDS, RECORD_SECONDS, Deliverer, Parking
from grantwire.ending import Ender
from grantwire.errors import StoreError
from grantwire.health import HealthKeeper
from grantwire.invoking import Invoker
from grantwire.judging import Outcome
from grantwire.models import Exchange, Failure, FailureKind, HttpRequest, RequestEvent, Timings, Webhook
from grantwire.pacing import Turn
from tests.fakes import FakeBus, FakeCircuits, FakeDeliveries, FakeSecrets, FakeWakeups, FakeWebhooks

NOW = 1_795_000_000.0


class Nobody:
    """A way out that nobody may take, and a pace at which everybody waits for so long."""

    def __init__(self, wait: float) -> None:
        self.wait = wait

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        raise AssertionError("it was sent")

    def refresh(self) -> None:
        """There is nothing to read."""

    def turn(self, webhook: Webhook, number: float | None) -> Turn | None:
        return Turn(7.0 if number is None else number, NOW + self.wait)

    def attempted(self, webhook: Webhook, outcome: Outcome, started_at: float) -> None:
        raise AssertionError("it was sent")


DOCUMENT = {"name": "Torq", "url": "https://hooks.example.com/", "triggers": ["RequestCreated"]}
EVENT = RequestEvent(id="evt_1", trigger="RequestCreated", time=NOW, payload={})


def deliverer_of(nobody: Nobody, rows: FakeDeliveries, wakeups: FakeWakeups) -> Deliverer:
    """What delivers, and can send nothing."""
    return Deliverer(
        invoker=Invoker(sender=nobody, secrets=FakeSecrets()),
        deliveries=rows,
        wakeups=wakeups,
        ender=Ender(rows=rows, bus=FakeBus()),
        health=HealthKeeper(records=FakeWebhooks(), bus=FakeBus(), clock=lambda: NOW, disable_after_days=5),
        circuits=Circuits(records=FakeCircuits(), clock=lambda: NOW),
        pacer=nobody,
        clock=lambda: NOW,
        random=lambda: 1.0,
    )


@pytest.mark.parametrize(("wait", "delay"), [(1.1, 1), (1.9, 1), (2.6, 2), (10.4, 9), (890.0, 889)])
def test_it_is_woken_a_little_before_its_turn_and_never_at_once(wait: float, delay: float) -> None:
    """At once it would be told to wait again, and again; its place is kept when it is told so in time."""
    rows, wakeups = FakeDeliveries(), FakeWakeups()
    deliverer = deliverer_of(Nobody(wait), rows, wakeups)
    webhook = parse_webhook(DOCUMENT, webhook_id="wh_1", now=NOW)
    assert deliverer.deliver_first(webhook, EVENT, begun_at=NOW) is Parking.HELD
    [row] = rows.rows.values()
    assert deliverer.deliver_again(row.delivery, webhook, EVENT) is Parking.HELD
    [again] = rows.rows.values()
    assert again.delivery == row.delivery
    assert again.delivery.number == 7.0
    assert again.delivery.due_at == pytest.approx(NOW + wait)
    assert [seconds for _, seconds in wakeups.messages] == [delay, delay]


class Broken(Nobody):
    """A pace that meets something nobody foresaw."""

    def turn(self, webhook: Webhook, number: float | None) -> Turn | None:
        raise ValueError("nobody foresaw this")


def test_what_nobody_foresaw_before_it_was_sent_costs_no_attempt() -> None:
    """The row waits for its first one, and the fault is raised."""
    rows = FakeDeliveries()
    webhook = parse_webhook(DOCUMENT, webhook_id="wh_1", now=NOW)
    with pytest.raises(ValueError, match="nobody foresaw this"):
        deliverer_of(Broken(0.0), rows, FakeWakeups()).deliver_first(webhook, EVENT, begun_at=NOW)
    [row] = rows.rows.values()
    assert (row.delivery.state, row.delivery.attempts, row.delivery.due_at) == ("waiting", 0, NOW)


def test_a_lease_outlasts_the_slowest_sender() -> None:
    """A claim and a record that take as long as the AWS client tries, and the longest exchange between them."""
    assert LEASE_SECONDS > RECORD_SECONDS + MAX_TIMEOUT_SECONDS + RECORD_SECONDS


class Unwritable(FakeCircuits):
    """The table of circuits, which cannot be written."""

    def open(self, circuit: Circuit) -> None:
        raise StoreError("dynamodb PutItem: ThrottlingException")


class Sending(Nobody):
    """A receiver that is gone, and a pace that lets everything go."""

    def turn(self, webhook: Webhook, number: float | None) -> Turn | None:
        return None

    def attempted(self, webhook: Webhook, outcome: Outcome, started_at: float) -> None:
        """Nothing is learned."""

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        return Exchange(
            response=None,
            failure=Failure(FailureKind.CONNECT, "nobody is there"),
            timings=Timings(),
            remote_address=None,
        )


def test_a_failure_is_told_whatever_becomes_of_the_circuit() -> None:
    """The wake-up that comes again finds that the delivery has ended, and would tell nobody."""
    rows, bus = FakeDeliveries(), FakeBus()
    health = HealthKeeper(records=FakeWebhooks(), bus=bus, clock=lambda: NOW, disable_after_days=5)
    circuits = Circuits(records=Unwritable(), clock=lambda: NOW)
    deliverer = replace(deliverer_of(Sending(0.0), rows, FakeWakeups()), health=health, circuits=circuits)
    webhook = parse_webhook(DOCUMENT | {"retry": {"max_attempts": 1}}, webhook_id="wh_1", now=NOW)
    events = [replace(EVENT, id=f"evt_{number:032x}") for number in range(FEWEST_ATTEMPTS)]
    for event in events[:-1]:
        deliverer.deliver_first(webhook, event, begun_at=NOW)
    with pytest.raises(StoreError):
        deliverer.deliver_first(webhook, events[-1], begun_at=NOW)
    assert [facts["event_id"] for _, facts in bus.told] == [event.id for event in events]
