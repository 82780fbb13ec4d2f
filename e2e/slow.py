"""What takes half a minute or more: further attempts, a poison wake-up, a lost one. Begun first, judged last."""

import json
from dataclasses import dataclass
from typing import Any, Final

from e2e.stack import Stack, timed
from grantwire.models import Webhook
from local.torq import Torq
from tests.deployed.emulator import ROOT
from tests.deployed.subscription import busy, calling

POISON: Final = {"poison": True}
# template.yaml's six minutes, five times over, would be half an hour until a poison message is given up.
_VISIBILITY_SECONDS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Webhooks with one delivery each, to a receiver that takes it at the third attempt.

    retried  nothing stands in its way
    lost     its wake-up was taken out of the queue before it came
    """

    retried: Webhook
    lost: Webhook


def begin(stack: Stack, torq: Torq) -> Slow:
    """Begin all three."""
    with timed("Beginning what takes its time: attempts that fail, a lost wake-up, a poison one"):
        lost = _failed_once(stack, torq, "lost", "wh_06ewh5hy0000000000000001")
        _lose_its_wakeup(stack, lost)
        _send_poison(stack)
        return Slow(lost=lost, retried=_failed_once(stack, torq, "retried", "wh_06ewh5hy0000000000000002"))


def delivery_of(stack: Stack, webhook: Webhook) -> tuple[str, int]:
    """The state of a webhook's only delivery, and how many attempts were begun; `nothing` without a row."""
    rows = stack.deliveries(webhook)
    return (rows[0]["state"]["S"], int(rows[0]["attempt_count"]["N"])) if rows else ("nothing", 0)


def _failed_once(stack: Stack, torq: Torq, name: str, webhook_id: str) -> Webhook:
    webhook = stack.subscribe(torq, webhook_id, **busy(torq, name))
    event: dict[str, Any] = json.loads((ROOT / "events" / "request_created.json").read_text(encoding="utf-8"))
    stack.put_events(calling(name, event, request_id=name))
    stack.until(lambda: delivery_of(stack, webhook) == ("waiting", 1), f"the first attempt of {name}")
    return webhook


def _lose_its_wakeup(stack: Stack, webhook: Webhook) -> None:
    """Take it out of the queue, and have the row look as if that had been three minutes ago.

    It is sent after the row was written, so it may yet have to come.
    """
    stack.until(lambda: _delayed(stack) > 0, "the wake-up that is to be lost")
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.template.names["Wakeups"])
    (row,) = stack.deliveries(webhook)
    assert row["attempt_count"] == {"N": "1"}, "the wake-up came before it could be lost"
    earlier = {name: {"N": str(float(row[name]["N"]) - 180)} for name in ("due_at", "sweep_at")}
    stack.aws.client("dynamodb").put_item(TableName=stack.template.names["DeliveriesTable"], Item={**row, **earlier})


def _delayed(stack: Stack) -> int:
    """How many wake-ups wait for their time."""
    name = "ApproximateNumberOfMessagesDelayed"
    queue = stack.template.names["Wakeups"]
    found = stack.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(found["Attributes"][name])


def _send_poison(stack: Stack) -> None:
    sqs, queue = stack.aws.client("sqs"), stack.template.names["Wakeups"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(_VISIBILITY_SECONDS)})
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(POISON))
