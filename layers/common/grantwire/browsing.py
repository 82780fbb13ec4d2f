"""What an API shows of deliveries and replay jobs: pages of a webhook's, one with every attempt, an event's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from grantwire.asking import Selection, read_cursor, read_question, write_cursor
from grantwire.errors import InvalidWebhookError
from grantwire.frozen import frozen
from grantwire.identifiers import delivery_id_of, host_in, is_event_id, is_webhook_id, made_at, moment, row_of, sort_key
from grantwire.models import Delivery, RequestEvent, State, Timings
from grantwire.replaying import ReplayJob
from grantwire.request_events import request_id_in

Answer = dict[str, object]


@frozen
class KeptRequest:
    """What was sent, secrets masked; `cut` when the body was longer than what is kept."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    cut: bool


@frozen
class KeptResponse:
    """What came back; `cut` when the body was longer than what is kept."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    cut: bool


@frozen
class KeptVerdict:
    """What a response validator found at its path, and whether that did."""

    json_path: str
    holds: bool
    found: tuple[str, ...]


@frozen
class KeptAttempt:
    """One attempt as its row has kept it. None is what there was not: an interrupted attempt left no more than a code.

    too_large  request and response were too large together to be kept
    """

    started_at: float
    code: str
    sentence: str
    webhook_version: int | None
    request: KeptRequest | None
    response: KeptResponse | None
    verdicts: tuple[KeptVerdict, ...]
    timings: Timings | None
    remote_address: str | None
    too_large: bool


@frozen
class StoredDelivery:
    """A delivery with what only people want to know. `code` and `reason` are None until something came of it."""

    delivery: Delivery
    code: str | None
    reason: str | None
    created_at: float
    updated_at: float
    last_attempt: KeptAttempt | None


@frozen(kw_only=False)
class WholeDelivery:
    """A delivery and its kept attempts, oldest first."""

    stored: StoredDelivery
    attempts: tuple[KeptAttempt, ...]


@frozen(kw_only=False)
class Page:
    """Deliveries, newest event first, and the sort key to go on behind; empty: there is no more."""

    items: Sequence[StoredDelivery]
    after: str


class Pages(Protocol):
    """Deliveries as people read them, see `stores.delivery_pages`."""

    def page(self, webhook_id: str, selection: Selection, *, after: str, limit: int) -> Page:
        """Deliveries from behind a sort key; fewer than `limit` do not mean that there are no more."""
        ...

    def whole(self, webhook_id: str, sort_key: str) -> WholeDelivery | None:
        """One delivery with its attempts, None when there is none."""
        ...

    def several(self, keys: Sequence[tuple[str, str]]) -> Sequence[StoredDelivery]:
        """Those of the rows, by webhook and sort key, that there are; in no order."""
        ...

    def payloads(self, event_ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """The payloads of those events that are at hand."""
        ...


class Events(Protocol):
    """Stored events, see `stores.deliveries`."""

    def event(self, event_id: str) -> RequestEvent | None:
        """The event, None when it was never stored or has expired."""
        ...


class Subscription(Protocol):
    """A webhook that names a trigger."""

    @property
    def webhook_id(self) -> str:
        """The webhook's id."""
        ...


class Webhooks(Protocol):
    """Webhooks as they are now, see `stores.webhooks`."""

    def get(self, webhook_id: str) -> object | None:
        """The webhook, None when there is none. Raises InvalidWebhookError when there is one that cannot be read."""
        ...

    def subscriptions(self, trigger: str) -> Sequence[Subscription]:
        """Every webhook, active or not, that names the trigger."""
        ...


@frozen
class Browser:
    """Shows deliveries. Raises StoreError for our own faults."""

    pages: Pages
    events: Events
    webhooks: Webhooks

    def knows(self, webhook_id: str) -> bool:
        """Whether there is such a webhook, readable or not."""
        try:
            return is_webhook_id(webhook_id) and self.webhooks.get(webhook_id) is not None
        except InvalidWebhookError:
            return True

    def page(self, webhook_id: str, asked: Mapping[str, str]) -> Answer | None:
        """A page of a webhook's deliveries; None when there is neither such a webhook nor anything left of it.

        Raises InvalidWebhookError with every parameter that is wrong, or for a cursor of another list.
        """
        question = read_question(asked)
        selection = question.selection
        after = read_cursor(question.cursor, webhook_id, selection)
        if not is_webhook_id(webhook_id):
            return None
        page = self.pages.page(webhook_id, selection, after=after, limit=question.limit)
        if not page.items and not page.after and not self.knows(webhook_id):
            return None
        cursor = write_cursor(page.after, webhook_id, selection) if page.after else None
        return {"items": self._items(page.items), "next_cursor": cursor}

    def delivery(self, delivery_id: str) -> Answer | None:
        """One delivery with every kept attempt and its event's payload; None when there is none."""
        row = row_of(delivery_id)
        whole = self.pages.whole(*row) if row else None
        if whole is None:
            return None
        event = self.events.event(whole.stored.delivery.event_id)
        payload = event.payload if event else None
        return item(whole.stored, request_id_in(payload)) | {"history": _history(whole), "payload": payload}

    def listed(self, delivery: Delivery) -> Answer:
        """A delivery that there is, as its row says now and as a list shows it."""
        [shown] = self._items(self.pages.several([(delivery.webhook_id, delivery.sort_key)]))
        return shown

    def _items(self, found: Sequence[StoredDelivery]) -> list[Answer]:
        payloads = self.pages.payloads([one.delivery.event_id for one in found])
        return [item(one, request_id_in(payloads.get(one.delivery.event_id))) for one in found]

    def event_deliveries(self, event_id: str) -> Answer | None:
        """An event's deliveries to the webhooks that name its trigger now; None when the event is not stored."""
        event = self.events.event(event_id) if is_event_id(event_id) else None
        if event is None:
            return None
        webhook_ids = [one.webhook_id for one in self.webhooks.subscriptions(event.trigger)]
        found = self.pages.several([(webhook_id, sort_key(event)) for webhook_id in webhook_ids])
        request_id = request_id_in(event.payload)
        items = [item(one, request_id) for one in sorted(found, key=lambda one: one.delivery.webhook_id)]
        facts: Answer = {"event_id": event.id, "trigger": event.trigger, "event_time": moment(event.time)}
        return facts | {"request_id": request_id, "items": items}


def item(stored: StoredDelivery, request_id: str | None) -> Answer:
    """A delivery as a list shows it."""
    delivery, last = stored.delivery, stored.last_attempt
    return {
        "id": delivery_id_of(delivery.webhook_id, delivery.sort_key),
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event_time": delivery.sort_key.partition("#")[0],
        "trigger": delivery.trigger,
        "request_id": request_id,
        "state": delivery.state.value,
        "code": stored.code,
        "reason": stored.reason,
        "attempts": delivery.attempts,
        "created_at": moment(stored.created_at),
        "updated_at": moment(stored.updated_at),
        "next_attempt_at": None if delivery.due_at is None else moment(delivery.due_at),
        "parked_host": delivery.parked_for and host_in(delivery.parked_for),
        "last_attempt": last
        and {
            "started_at": moment(last.started_at),
            "code": last.code,
            "http_status": last.response.status if last.response else None,
            "duration_ms": last.timings.total if last.timings else None,
        },
    }


def job_item(job: ReplayJob) -> Answer:
    """A replay job and how far it is."""
    return {
        "id": job.id,
        "webhook_id": job.webhook_id,
        "since": moment(job.since),
        "until": moment(job.until),
        "per_minute": job.per_minute,
        "state": job.state.value,
        "total": job.total,
        "replayed": job.replayed,
        "created_at": moment(made_at(job.id)),
    }


def standing(delivery: Delivery) -> str:
    """What a delivery that has not ended is doing, in words."""
    if delivery.state is State.DELIVERING:
        return "the delivery is being sent at this moment"
    if delivery.parked_for is not None:
        return f"the delivery is waiting for its receiver at {host_in(delivery.parked_for)}, which is down"
    return f"the delivery is waiting for its attempt number {delivery.attempts + 1}"


def _history(whole: WholeDelivery) -> list[Answer]:
    """The kept attempts; all but those of the present round were made before the delivery was last replayed."""
    delivery = whole.stored.delivery
    recorded = delivery.attempts - (delivery.state is State.DELIVERING)
    earlier = len(whole.attempts) - recorded
    return [
        {"number": number, "before_replay": number <= earlier, **_attempt(one)}
        for number, one in enumerate(whole.attempts, 1)
    ]


def _attempt(one: KeptAttempt) -> Answer:
    request, response, timings = one.request, one.response, one.timings
    return {
        "started_at": moment(one.started_at),
        "code": one.code,
        "reason": one.sentence,
        "webhook_version": one.webhook_version,
        "request": request and {"method": request.method, "url": request.url, **_message(request)},
        "response": response and {"status": response.status, **_message(response)},
        "validators": [asdict(verdict) for verdict in one.verdicts],
        "timings": timings and {f"{name}_ms": value for name, value in asdict(timings).items()},
        "remote_address": one.remote_address,
        "too_large": one.too_large,
    }


def _message(message: KeptRequest | KeptResponse) -> Answer:
    headers = [{"name": name, "value": value} for name, value in message.headers]
    return {"headers": headers, "body": message.body, "truncated": message.cut}
