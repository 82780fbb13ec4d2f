"""The one logger and the metrics. Log lines hold ids, states and reasons: never a body or a header."""

from collections import Counter
from enum import StrEnum
from functools import cache
from threading import Lock
from typing import Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit


class Metric(StrEnum):
    """Every metric that is counted (namespace Grantwire, dimension service), as docs/operations.md lists them."""

    EVENT_RECEIVED = "EventReceived"
    EVENT_IGNORED = "EventIgnored"
    EVENT_UNUSABLE = "EventUnusable"
    EVENT_UNMATCHED = "EventUnmatched"
    WEBHOOK_INACTIVE = "WebhookInactive"
    WEBHOOK_FILTERED = "WebhookFiltered"
    WEBHOOK_UNREADABLE = "WebhookUnreadable"
    WEBHOOK_DISABLED = "WebhookDisabled"
    DELIVERY_SUCCEEDED = "DeliverySucceeded"
    DELIVERY_WAITING = "DeliveryWaiting"
    DELIVERY_FAILED = "DeliveryFailed"
    DELIVERY_DUPLICATE = "DeliveryDuplicate"
    DELIVERY_PARKED = "DeliveryParked"
    DELIVERY_HELD = "DeliveryHeld"
    DELIVERY_QUEUED = "DeliveryQueued"
    DELIVERY_INTERRUPTED = "DeliveryInterrupted"
    WAKEUP_DROPPED = "WakeupDropped"
    SWEPT = "Swept"
    OVERDUE_SECONDS = "OverdueSeconds"


_COUNTING = Lock()  # Powertools reads and writes a metric in two steps
_COUNTED: Final[Counter[Metric]] = Counter()  # it keeps, and writes, each value by itself; what is wanted are sums


@cache
def logger() -> Logger:
    """The logger of this function; its service name comes from the environment."""
    return Logger(location=None, log_uncaught_exceptions=False)  # a line number is of no use to who reads these


@cache
def metrics() -> Metrics:
    """The metrics of this function, written at the end of each invocation as one log line (embedded metric format)."""
    return Metrics()


def count(metric: Metric, value: int = 1) -> None:
    """Add to a metric; from any thread."""
    with _COUNTING:
        _COUNTED[metric] += value


def measure(metric: Metric, seconds: float) -> None:
    """Note a duration."""
    with _COUNTING:
        metrics().add_metric(name=metric, unit=MetricUnit.Seconds, value=seconds)


def write_metrics() -> None:
    """Write what was counted in this invocation; nothing when nothing was."""
    with _COUNTING:
        for metric, value in _COUNTED.items():
            metrics().add_metric(name=metric, unit=MetricUnit.Count, value=value)
        _COUNTED.clear()
        if metrics().metric_set:
            metrics().flush_metrics()


def clear_metrics() -> None:
    """Forget what was counted."""
    with _COUNTING:
        _COUNTED.clear()
        metrics().clear_metrics()
