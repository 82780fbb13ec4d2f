"""What `stores.wakeups` puts into the queue, read by the function that takes it out."""

import json

from grantwire.redelivering import Wakeup
from grantwire.replaying import ReplayStep


def read_message(body: str) -> Wakeup | ReplayStep:
    """What a message says. Raises ValueError for anything else: such a message goes to the dead letters."""
    match json.loads(body):
        case [str(webhook_id), str(sort_key), int(attempts)] if type(attempts) is int:
            return Wakeup(webhook_id=webhook_id, sort_key=sort_key, attempts=attempts)
        case [str(webhook_id), str(sort_key), int(attempts), "probe"] if type(attempts) is int:
            return Wakeup(webhook_id=webhook_id, sort_key=sort_key, attempts=attempts, probe=True)
        case ["replay", str(job_id)]:
            return ReplayStep(job_id)
    raise ValueError("the message is neither [webhook id, sort key, attempts] nor ['replay', job id]")
