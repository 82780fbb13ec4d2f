"""Lambda's asynchronous invocation: what raises is repeated, and at last kept where OnFailure says.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

Event = Mapping[str, object]
Record = dict[str, object]


class Invocable(Protocol):
    """A function as this module needs it."""

    arn: str

    def invoke(self, event: object, *, request_id: str) -> object:
        """Runs the handler; raises what it raises."""


@dataclass(frozen=True, kw_only=True)
class Handled:
    """One event that was handed to a function: how often, and the error of the last time, None when it went well."""

    event: Event
    invocations: int
    error: Exception | None


@dataclass(frozen=True, kw_only=True)
class AsynchronousInvocation:
    """Hands events to a function.

    maximum_retries  invocations after the first one, while it raises
    wait             called with the minutes that Lambda would wait before a retry: 1, then 2
    on_failure       takes the destination record of an event that was given up
    """

    function: Invocable
    maximum_retries: int
    wait: Callable[[int], object]
    on_failure: Callable[[Record], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __call__(self, event: Event) -> Handled:
        """Invokes until it goes well or the retries are used up. Retries have the first invocation's request id."""
        request_id = str(uuid.uuid4())
        for invocations in range(1, self.maximum_retries + 2):
            if invocations > 1:
                self.wait(invocations - 1)
            error = self._error(event, request_id)
            if error is None:
                break
        if error is not None:
            self.on_failure(self._record(event, request_id, invocations, error))
        return Handled(event=event, invocations=invocations, error=error)

    def _error(self, event: Event, request_id: str) -> Exception | None:
        try:
            self.function.invoke(event, request_id=request_id)
        except Exception as error:
            return error
        return None

    def _record(self, event: Event, request_id: str, invocations: int, error: Exception) -> Record:
        return {
            "version": "1.0",
            "timestamp": self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": request_id,
                "functionArn": f"{self.function.arn}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": invocations,
            },
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "requestId": request_id,
                "stackTrace": traceback.format_tb(error.__traceback__),
            },
        }
