"""EventBridge's schedules: a function is called again and again, each time with the event that says so.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from local.asynchronous import Event, Handled
from local.template import LOCAL_NAMES


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One call of a function by its schedule, and the error of it, None when it went well."""

    function: str
    error: Exception | None


@dataclass(frozen=True, kw_only=True)
class Scheduler:
    """Calls `invoke` once in `seconds`, and then `on_ran`.

    wait  sleeps for so many seconds; true when there is nothing more to be waited for
    """

    rule: str
    function: str
    seconds: float
    wait: Callable[[float], bool]
    invoke: Callable[[Event], Handled]
    on_ran: Callable[[Ran], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def step(self) -> None:
        """One period and, at its end, one call."""
        if not self.wait(self.seconds):
            handled = self.invoke(scheduled_event(self.rule, self.now()))
            self.on_ran(Ran(function=self.function, error=handled.error))


def scheduled_event(rule: str, now: datetime) -> dict[str, object]:
    """What a function gets from the schedule of this name."""
    account, region = LOCAL_NAMES["AWS::AccountId"], LOCAL_NAMES["AWS::Region"]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{account}:rule/{rule}"],
        "detail": {},
    }
