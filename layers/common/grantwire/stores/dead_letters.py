"""Events nobody could handle, with the reason, in SQS: a person reads it, mends the cause, puts the event in again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MAX_REASON: Final = 1000


@dataclass(frozen=True, kw_only=True)
class DeadLetterQueue:
    """The queue of events that could not be handled."""

    client: "Callable[[], SQSClient]"
    queue_url: str

    def keep(self, event: object, reason: str) -> None:
        """Leave the event with its reason. Raises StoreError: then AWS hands the event in again."""
        with translated("sqs SendMessage"):
            self.client().send_message(
                QueueUrl=self.queue_url,
                MessageBody=json.dumps({"reason": reason[:_MAX_REASON], "event": event}, default=str),
                MessageAttributes={"reason": {"DataType": "String", "StringValue": _one_line(reason)}},
            )


def _one_line(reason: str) -> str:
    """SQS refuses control characters in an attribute."""
    return "".join(character if character.isprintable() else " " for character in reason)[:_MAX_REASON] or "unknown"
