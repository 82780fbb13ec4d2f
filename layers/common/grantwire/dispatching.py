"""One request event: which webhooks want it, and a delivery to each of them, all at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Protocol

from grantwire import filters, reporting, request_events
from grantwire.delivering import LONG_AGO, Attempted, Deliverer, Parking, SecondsLeft, unhurried
from grantwire.errors import InvalidEventError, StoreError
from grantwire.frozen import frozen
from grantwire.models import RequestEvent, Webhook
from grantwire.observability import Metric, count, logger


class Subscription(Protocol):
    """One webhook that names a trigger, see `stores.webhooks`."""

    @property
    def webhook_id(self) -> str: ...
    @property
    def active(self) -> bool: ...
    @property
    def webhook(self) -> Webhook | None: ...
    @property
    def problem(self) -> str: ...


class Webhooks(Protocol):
    """Who listens to what, see `stores.webhooks`."""

    def subscriptions(self, trigger: str) -> Sequence[Subscription]:
        """Every webhook that names the trigger."""
        ...


class Events(Protocol):
    """Keeps events for later attempts, see `stores.deliveries`."""

    def keep_event(
        self, event: RequestEvent, webhook_ids: Collection[str], *, now: float
    ) -> Mapping[str, float] | None:
        """Store the event, and that first attempts to these webhooks begin now.

        When those that were begun before were begun, by the webhook's id; None when the event is too large.
        """
        ...

    def begun(self, event_id: str) -> Mapping[str, float]:
        """When first attempts of an event were begun, by the webhook's id."""
        ...


class DeadLetters(Protocol):
    """Keeps what nobody can handle, see `stores.dead_letters`."""

    def keep(self, event: object, reason: str) -> None:
        """Leave the event with its reason."""
        ...


_CHUNK = 10  # wake-ups that SQS takes in one call
_NAMED = 1000  # webhooks in one log line, which may have 256 KB
_CLAIMED = "this event was claimed for this webhook before"


@frozen
class Dispatcher:
    """Handles request events: `at_once` webhooks in the `executor`'s threads, the others by way of the queue."""

    webhooks: Webhooks
    events: Events
    dead_letters: DeadLetters
    deliverer: Deliverer
    executor: Executor
    at_once: int = 50

    def dispatch(self, raw: object, *, seconds_left: SecondsLeft = unhurried) -> None:
        """Send one EventBridge event to every webhook that wants it.

        Returns when every delivery has been recorded. Raises StoreError when our own table, queue or key failed for any
        of them, or time ran short: AWS hands the event in again, and what was claimed is not sent twice.
        """
        try:
            event = request_events.parse(raw)
        except InvalidEventError as exc:
            self._give_up(raw, str(exc))
            return
        if event is None:
            count(Metric.EVENT_IGNORED)
            logger().info("event ignored", extra={"reason": "its detail-type is none of the six triggers"})
            return
        count(Metric.EVENT_RECEIVED)
        subscriptions = self.webhooks.subscriptions(event.trigger)
        webhooks = self._wanting(subscriptions, event)
        if webhooks:
            self._send(webhooks, event, seconds_left)
        else:  # a webhook may have been switched off while its sender died
            self.deliverer.look_after(self.events.begun(event.id), event)
        unreadable = [f"webhook {one.webhook_id} cannot be read: {one.problem}" for one in subscriptions if one.problem]
        if unreadable:
            self.dead_letters.keep(raw, "; ".join(unreadable))

    def _send(self, webhooks: Sequence[Webhook], event: RequestEvent, seconds_left: SecondsLeft) -> None:
        """To the first of them now, to the others by the queue. What was begun before has a row, or is given one.

        Only what begins when the event comes for the first time may go without a row: later, it may have been queued.
        """
        self.deliverer.refresh()
        first, others, now = webhooks[: self.at_once], webhooks[self.at_once :], self.deliverer.clock()
        before = self.events.keep_event(event, [webhook.id for webhook in first], now=now)
        if before is None:  # what cannot be stored cannot be sent later
            self._deliver_all(webhooks, [], event, begun_at=None, seconds_left=seconds_left)
            return
        self.deliverer.look_after(before, event)
        _skip(Metric.DELIVERY_DUPLICATE, [webhook.id for webhook in first if webhook.id in before], event, _CLAIMED)
        mine = [webhook for webhook in first if webhook.id not in before]
        begun_at = LONG_AGO if before else now
        self._deliver_all(mine, others, event, begun_at=begun_at, seconds_left=seconds_left)

    def _wanting(self, subscriptions: Sequence[Subscription], event: RequestEvent) -> list[Webhook]:
        """The active webhooks whose filters the event passes; every other one is counted and logged with the reason."""
        unmet = [(one.webhook, filters.first_unmet(one.webhook.filters, event)) for one in subscriptions if one.webhook]
        reasons: defaultdict[tuple[Metric, str], list[str]] = defaultdict(list)
        for webhook, first in unmet:
            if first:
                reason = f"the filter '{first.field} {first.operator}' does not hold"
                reasons[Metric.WEBHOOK_FILTERED, reason].append(webhook.id)
        for one in subscriptions:
            if not one.active:
                reasons[Metric.WEBHOOK_INACTIVE, "the webhook is inactive"].append(one.webhook_id)
            elif one.problem:
                reasons[Metric.WEBHOOK_UNREADABLE, one.problem].append(one.webhook_id)
        for (metric, reason), webhook_ids in reasons.items():
            _skip(metric, webhook_ids, event, reason)
        if not subscriptions:
            count(Metric.EVENT_UNMATCHED)
            logger().info(
                "event matched no webhook", extra=reporting.ids(event) | {"reason": "no webhook names this trigger"}
            )
        return [webhook for webhook, first in unmet if first is None]

    def _deliver_all(
        self,
        now: Sequence[Webhook],
        later: Sequence[Webhook],
        event: RequestEvent,
        *,
        begun_at: float | None,
        seconds_left: SecondsLeft,
    ) -> None:
        """All at once; a webhook that hangs or a row that cannot be written does not keep the others from ending.

        The last one in this very thread, which would only wait: to hand it over costs more than to render and sign it.
        """
        chunks = [later[start : start + _CHUNK] for start in range(0, len(later), _CHUNK)]
        queue = partial(self._queue, event=event, seconds_left=seconds_left)
        deliver = partial(self._deliver, event=event, begun_at=begun_at, seconds_left=seconds_left)
        running = [self.executor.submit(queue, chunk) for chunk in chunks]
        running += [self.executor.submit(deliver, webhook) for webhook in now[:-1]]
        found = [deliver(webhook) for webhook in now[-1:]]
        found += [future.result() for future in running]  # Lambda freezes the process when the handler ends
        faults = [fault for fault in found if fault]
        if faults:
            stopped = f"{len(faults)} of {len(found)} deliveries of event {event.id} stopped"
            raise StoreError(f"{stopped}: {_reason(faults[0])}") from faults[0]

    def _deliver(
        self, webhook: Webhook, event: RequestEvent, *, begun_at: float | None, seconds_left: SecondsLeft
    ) -> Exception | None:
        """One first attempt, logged and counted when it ends; our own fault, if it met one, is handed back."""
        try:
            attempt = self.deliverer.deliver_first(webhook, event, begun_at=begun_at, seconds_left=seconds_left)
            _report(webhook, event, attempt)
        except Exception as exc:  # also one that nobody foresaw: the others are waited for
            facts = {"webhook_id": webhook.id, "reason": _reason(exc)}
            logger().error("delivery stopped", extra=reporting.ids(event) | facts)
            return exc
        return None

    def _queue(
        self, webhooks: Sequence[Webhook], event: RequestEvent, *, seconds_left: SecondsLeft
    ) -> Exception | None:
        """Deliveries that are left to the queue, logged and counted; our own fault, if one was met, is handed back."""
        try:
            made = self.deliverer.queue(webhooks, event, seconds_left=seconds_left)
            count(Metric.DELIVERY_QUEUED, len(made))
            queued_before = [webhook.id for webhook in webhooks if webhook.id not in made]
            _skip(Metric.DELIVERY_DUPLICATE, queued_before, event, _CLAIMED)
        except Exception as exc:
            logger().error("queueing stopped", extra=reporting.ids(event) | {"reason": _reason(exc)})
            return exc
        return None

    def _give_up(self, raw: object, reason: str) -> None:
        self.dead_letters.keep(raw, reason)
        count(Metric.EVENT_UNUSABLE)
        logger().warning("event unusable", extra={"reason": reason})


def _report(webhook: Webhook, event: RequestEvent, attempt: Attempted | Parking | None) -> None:
    if attempt is None:
        _skip(Metric.DELIVERY_DUPLICATE, [webhook.id], event, _CLAIMED)
    elif isinstance(attempt, Parking):
        reporting.parked(webhook.id, event, attempt)
    else:
        reporting.attempted(webhook.id, event, attempt)


def _reason(fault: Exception) -> str:
    """What may be written down: our own words, or no more than the kind of an exception nobody foresaw."""
    return str(fault) if isinstance(fault, StoreError) else type(fault).__name__


def _skip(metric: Metric, webhook_ids: Sequence[str], event: RequestEvent, reason: str) -> None:
    """Count webhooks that are not sent to, and log them: one line tells of many, since lines are paid for."""
    if not webhook_ids:
        return
    count(metric, len(webhook_ids))
    for start in range(0, len(webhook_ids), _NAMED):
        facts = {"webhook_ids": webhook_ids[start : start + _NAMED], "reason": reason}
        logger().info("webhooks skipped", extra=reporting.ids(event) | facts)
