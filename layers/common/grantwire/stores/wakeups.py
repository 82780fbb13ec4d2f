"""Wake-ups in SQS: each says that a delivery is due. Losing one, or having one twice, does no harm; the row decides."""

import json
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.models import Delivery
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH: Final = 10  # SQS takes ten messages in one call
_LONGEST_DELAY: Final = 900


@frozen
class WakeupQueue:
    """The queue of wake-ups. Every method raises StoreError when SQS fails: the sweep finds what was not sent."""

    client: "Callable[[], SQSClient]"
    queue_url: str

    def send(self, delivery: Delivery, *, delay_seconds: float) -> None:
        """Wake the delivery in at most 15 minutes."""
        delay = min(math.ceil(delay_seconds), _LONGEST_DELAY)
        with translated("sqs SendMessage"):
            self.client().send_message(QueueUrl=self.queue_url, MessageBody=write_wakeup(delivery), DelaySeconds=delay)

    def send_probe(self, delivery: Delivery) -> None:
        """Wake a delivery now, and have it sent although its receiver's circuit is open."""
        with translated("sqs SendMessage"):
            self.client().send_message(
                QueueUrl=self.queue_url, MessageBody=json.dumps([*json.loads(write_wakeup(delivery)), "probe"])
            )

    def send_now(self, deliveries: Sequence[Delivery]) -> None:
        """Wake all of these at once."""
        for start in range(0, len(deliveries), _BATCH):
            entries = [
                {"Id": str(index), "MessageBody": write_wakeup(delivery)}
                for index, delivery in enumerate(deliveries[start : start + _BATCH])
            ]
            with translated("sqs SendMessageBatch"):
                answer = self.client().send_message_batch(QueueUrl=self.queue_url, Entries=entries)  # type: ignore[arg-type]
            if answer.get("Failed"):
                raise StoreError(f"sqs SendMessageBatch: {answer['Failed'][0]['Code']}")

    def send_step(self, job_id: str) -> None:
        """Have a replay job's next step taken."""
        with translated("sqs SendMessage"):
            self.client().send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(["replay", job_id]))


def write_wakeup(delivery: Delivery) -> str:
    """The message: the row's key, and the number of attempts it had, by which a late message is told."""
    return json.dumps([delivery.webhook_id, delivery.sort_key, delivery.attempts], separators=(",", ":"))
