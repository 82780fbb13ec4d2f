"""Events nobody could handle, with the reason, in SQS: a person reads it, mends the cause, puts the event in again."""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from grantwire.frozen import frozen
from grantwire.models import DeadLetter
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MAX_REASON: Final = 1000
_REFUSED_BY_SQS: Final = "[\ud800-\udfff\ufffe\uffff]"  # of what JSON does not escape by itself
MAX_LETTER_BYTES: Final = 1024 * 1024 - 8 * 1024  # a message has 1 MiB at most, and the reason is in it twice
_BATCH: Final = 10  # SQS gives ten messages in one call


@frozen
class DeadLetterQueue:
    """The queue of events that could not be handled. Every method raises StoreError when SQS fails."""

    client: "Callable[[], SQSClient]"
    queue_url: str

    def keep(self, event: object, reason: str) -> None:
        """Leave the event with its reason."""
        with translated("sqs SendMessage"):
            self.client().send_message(
                QueueUrl=self.queue_url,
                MessageBody=_letter(event, reason[:_MAX_REASON]),
                MessageAttributes={"reason": {"DataType": "String", "StringValue": _one_line(reason)}},
            )

    def waiting(self) -> int:
        """About how many letters there are."""
        name: Final = "ApproximateNumberOfMessages"
        with translated("sqs GetQueueAttributes"):
            answer = self.client().get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def take(self) -> Sequence[DeadLetter]:
        """Some letters; none when the queue is empty. What is not removed comes back after a while."""
        with translated("sqs ReceiveMessage"):
            answer = self.client().receive_message(
                QueueUrl=self.queue_url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=120, WaitTimeSeconds=1
            )
        return [
            DeadLetter(receipt=message["ReceiptHandle"], event=_event_in(message["Body"]))
            for message in answer.get("Messages", [])
        ]

    def remove(self, letter: DeadLetter) -> None:
        """The letter has been dealt with."""
        with translated("sqs DeleteMessage"):
            self.client().delete_message(QueueUrl=self.queue_url, ReceiptHandle=letter.receipt)


def _letter(event: object, reason: str) -> str:
    """The letter; where it would be too long for SQS, with the event compressed: `event_gzip`, in base64.

    An event of pure noise, which nothing compresses enough, is left out, and the letter says so.
    """
    plain = written(event)
    letter = f'{{"reason":{written(reason)},"event":{plain}}}'
    if len(letter.encode()) <= MAX_LETTER_BYTES:
        return letter
    packed = base64.b64encode(gzip.compress(plain.encode(), mtime=0)).decode()
    if len(packed) <= MAX_LETTER_BYTES:
        return f'{{"reason":{written(reason)},"event_gzip":"{packed}"}}'
    return written({"reason": f"{reason} (the event of {len(plain)} characters was too large for this queue)"})


def written(value: object) -> str:
    """JSON with text outside ASCII as it is, since escapes would make it six times as long.

    Escaped are what SQS refuses to take, halves of surrogate pairs, U+FFFE and U+FFFF.
    """
    text = json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))
    return re.sub(_REFUSED_BY_SQS, lambda match: f"\\u{ord(match.group()):04x}", text)


def _event_in(body: str) -> object | None:
    """The event in a letter: ours (`event`, `event_gzip`), Lambda's record of a failure (`requestPayload`), or itself.

    Lambda's record: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    try:
        letter = json.loads(body)
    except ValueError:
        return None
    if not isinstance(letter, dict):
        return None
    if "event_gzip" in letter:
        return _unpacked(letter["event_gzip"])
    for name in ("event", "requestPayload"):
        if name in letter:
            found: object = letter[name]
            return found
    return letter if "detail-type" in letter else None


def _unpacked(packed: object) -> object | None:
    try:
        event: object = json.loads(gzip.decompress(base64.b64decode(str(packed))))
    except (ValueError, OSError, EOFError, zlib.error):
        return None
    return event


def _one_line(reason: str) -> str:
    """SQS refuses control characters in an attribute."""
    return "".join(character if character.isprintable() else " " for character in reason)[:_MAX_REASON] or "unknown"
