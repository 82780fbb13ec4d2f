"""HTTP: deliveries are read and replayed. docs/deliveries.md says what each answer holds.

What these calls need, besides what the function needs for its log:

| action                                            | where           | condition                  |
| dynamodb:GetItem                                  | WebhooksTable   | LeadingKeys like WEBHOOK#* |
| dynamodb:Query                                    | WebhooksTable   | LeadingKeys like TRIGGER#* |
| dynamodb:GetItem, BatchGetItem, Query, UpdateItem | DeliveriesTable | none                       |
| dynamodb:PutItem                                  | DeliveriesTable | LeadingKeys equals REPLAY  |
| sqs:SendMessage                                   | Wakeups         | none                       |

No index is read, no key of KMS is used and nothing is sent to a receiver: a replay is a row and a message.
"""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from answering import json_answer, json_object
from grantwire import asking, replay_wiring, wiring
from grantwire.browsing import Browser, job_item, standing
from grantwire.identifiers import is_job_id, new_job_id, row_of
from grantwire.models import Delivery, State
from grantwire.replaying import JobState, Replayer, ReplayJob
from grantwire.settings import webhooks_settings
from grantwire.stores import clients
from grantwire.stores.deliveries import DeliveryStore
from grantwire.stores.delivery_pages import MOST_COUNTING_READS, DeliveryPages
from grantwire.stores.replay_jobs import ReplayJobStore
from grantwire.stores.webhooks import WebhookStore

LISTED_JOBS = 100
TRIES_TO_CANCEL = 3  # a job that takes a step at this moment is cancelled after it
Text = str | None

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@cache
def pages() -> DeliveryPages:
    """Deliveries as people read them."""
    return DeliveryPages(client=clients.dynamodb(), table_name=webhooks_settings().deliveries_table)


@cache
def rows() -> DeliveryStore:
    """Deliveries as they are replayed."""
    settings = webhooks_settings()
    return wiring.delivery_store(settings.deliveries_table, settings.delivery_retention_days)


@cache
def webhooks() -> WebhookStore:
    """Webhooks as they are now."""
    return wiring.webhook_store(webhooks_settings().webhooks_table)


@cache
def jobs() -> ReplayJobStore:
    """Replay jobs."""
    settings = webhooks_settings()
    return replay_wiring.replay_jobs(settings.deliveries_table, settings.delivery_retention_days)


@cache
def browser() -> Browser:
    """Wired together at the first question, and kept while the process is warm."""
    return Browser(pages=pages(), events=rows(), webhooks=webhooks())


@cache
def replayer() -> Replayer:
    """Wired together at the first replay, and kept while the process is warm."""
    return replay_wiring.replayer(webhooks_settings(), rows())


@router.get("/api/webhooks/<webhook_id>/deliveries")
def webhook_deliveries(
    webhook_id: str,
    state: Annotated[Text, Query(description="delivering, waiting, succeeded or failed")] = None,
    trigger: Annotated[Text, Query(description="one of the six triggers")] = None,
    since: Annotated[Text, Query(description="epoch seconds or ISO 8601: the event happened then or later")] = None,
    until: Annotated[Text, Query(description="epoch seconds or ISO 8601: the event happened then or earlier")] = None,
    limit: Annotated[Text, Query(description="1 to 100, default 50")] = None,
    cursor: Annotated[Text, Query(description="next_cursor of the page before")] = None,
) -> Response[Any]:
    """A webhook's deliveries, the newest event first: `items` and `next_cursor`, null at the end."""
    asked = _asked(state=state, trigger=trigger, since=since, until=until, limit=limit, cursor=cursor)
    page = browser().page(webhook_id, asked)
    if page is None:
        raise _no_webhook(webhook_id)
    return json_answer(page)


@router.get("/api/deliveries/<delivery_id>")
def delivery(delivery_id: str) -> Response[Any]:
    """One delivery, every attempt that was kept, and the event's payload."""
    found = browser().delivery(delivery_id)
    if found is None:
        raise _no_delivery(delivery_id)
    return json_answer(json.dumps(found))  # written here: a payload may nest deeper than pydantic goes


@router.get("/api/events/<event_id>/deliveries")
def event_deliveries(event_id: str) -> Response[Any]:
    """An event's deliveries to every webhook that names its trigger now."""
    found = browser().event_deliveries(event_id)
    if found is None:
        reason = "it is kept as long as its deliveries, unless it was too large, or no webhook wanted it"
        raise NotFoundError(f"there is no event {event_id}: {reason}")
    return json_answer(found)


@router.post("/api/deliveries/<delivery_id>/replay", status_code=202)
def replay(delivery_id: str) -> Response[Any]:
    """Have one ended delivery sent again; the answer is the delivery as it is then."""
    row = row_of(delivery_id)
    found = rows().get(*row) if row else None
    if found is None:
        raise _no_delivery(delivery_id)
    _require_ended(found)
    _require_sendable(found.webhook_id)
    if not replayer().replay(found):
        raise _conflict("the delivery has changed at this moment: read it again")
    return json_answer(browser().listed(found), 202)


@router.post("/api/webhooks/<webhook_id>/replays", status_code=202)
def replay_failed(webhook_id: str) -> Response[Any]:
    """Have all failed deliveries of a time range sent again. Body: since, until, and optionally per_minute, dry_run."""
    wish = asking.read_wish(json_object(router.current_event))
    if not browser().knows(webhook_id):
        raise _no_webhook(webhook_id)
    count = pages().count(webhook_id, wish.selection)
    if count is None:
        most = f"more than one request can count, {MOST_COUNTING_READS} MB of them"
        raise BadRequestError(f"the deliveries from since to until are {most}: choose a shorter time")
    if wish.dry_run:
        return json_answer({"count": count, "job": None})
    _require_sendable(webhook_id)
    job_id, since, until = new_job_id(time.time()), wish.selection.since, wish.selection.until
    job = replayer().start(job_id, webhook_id, since=since, until=until, per_minute=wish.per_minute, total=count)
    return json_answer({"count": count, "job": job_item(job)}, 202)


@router.get("/api/webhooks/<webhook_id>/replays")
def webhook_replays(webhook_id: str) -> Response[Any]:
    """A webhook's replay jobs, newest first."""
    found = jobs().newest_of(webhook_id, limit=LISTED_JOBS)
    if not found and not browser().knows(webhook_id):
        raise _no_webhook(webhook_id)
    return json_answer({"items": [job_item(job) for job in found]})


@router.get("/api/replays/<job_id>")
def replay_job(job_id: str) -> Response[Any]:
    """How far a replay job is."""
    return json_answer(job_item(_job(job_id)))


@router.post("/api/replays/<job_id>/cancel")
def cancel_replay(job_id: str) -> Response[Any]:
    """Stop a replay job; what it has taken up already is sent all the same."""
    for _ in range(TRIES_TO_CANCEL):
        job = _job(job_id)
        if job.state is not JobState.RUNNING:
            raise _conflict(f"the job is {job.state} already")
        if replayer().cancel(job):
            return json_answer(job_item(_job(job_id)))
    raise _conflict("the job took a step at this moment: try again")


def _asked(**declared: Text) -> Mapping[str, str]:
    """The query as it came. What was declared is the first only of what is there twice, and nothing else is in it."""
    given = {name: value for name, value in declared.items() if value is not None}
    return given | (router.current_event.query_string_parameters or {})


def _job(job_id: str) -> ReplayJob:
    job = jobs().get(job_id) if is_job_id(job_id) else None
    if job is None:
        raise NotFoundError(f"there is no replay job {job_id}")
    return job


def _require_ended(delivery: Delivery) -> None:
    if delivery.state not in (State.SUCCEEDED, State.FAILED):
        raise _conflict(f"{standing(delivery)}: it can be replayed once it has ended, as succeeded or failed")


def _require_sendable(webhook_id: str) -> None:
    """A webhook that gets nothing would have its deliveries failed anew, one by one."""
    if not webhooks().is_sendable(webhook_id):
        raise _conflict(f"webhook {webhook_id} is inactive, deleted or unreadable: make it active, then replay")


def _no_webhook(webhook_id: str) -> NotFoundError:
    return NotFoundError(f"there is no webhook {webhook_id}")


def _no_delivery(delivery_id: str) -> NotFoundError:
    return NotFoundError(f"there is no delivery {delivery_id}: it has expired, or it was a test, which leaves none")


def _conflict(message: str) -> ServiceError:
    return ServiceError(409, message)
