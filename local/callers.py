"""What calls the functions besides the HTTP API: rules, queues and schedules, each as template.yaml has it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from local.asynchronous import AsynchronousInvocation, Handled
from local.aws import Clients, DeadLetterQueue, RuleQueue, SourceQueue, queue_url
from local.event_source import BatchHandled, EventSource
from local.functions import LocalFunction
from local.router import Router
from local.schedule import Ran, Scheduler
from local.template import Rule, Schedule, Source
from local.worker import Worker

_MINUTE: Final = 0.5  # seconds here, for each minute that Lambda waits before it repeats an invocation


@dataclass(frozen=True, kw_only=True)
class Callers:
    """Makes the threads that call functions.

    stopping  when set, ends all of them, also in the middle of a wait
    tell      is told of everything that was handled
    pace      how many times faster than in AWS a schedule's time goes by
    """

    clients: Clients
    stopping: threading.Event
    tell: Callable[[Handled | BatchHandled | Ran], None]
    pace: float = 1.0

    def of(self, function: LocalFunction) -> Iterator[Worker]:
        """A thread for each rule, queue and schedule that calls the function."""
        for rule in function.template.rules:
            yield self._router(function, rule)
        for source in function.template.sources:
            yield self._source(function, source)
        for schedule in function.template.schedules:
            yield self._scheduler(function, schedule)

    def _router(self, function: LocalFunction, rule: Rule) -> Worker:
        queue = RuleQueue.create(rule, self.clients, name=f"{function.template.logical_id}Events")
        router = Router(messages=queue, invoke=self._asynchronously(function), on_handled=self.tell)
        return Worker("router", router.step, stopping=self.stopping)

    def _source(self, function: LocalFunction, source: Source) -> Worker:
        queue = SourceQueue.of(source, self.clients.sqs)
        feeding = EventSource(
            queue=queue, function=function, reports_failures=source.reports_failures, on_handled=self.tell
        )
        return Worker("event-source", feeding.step, stopping=self.stopping)

    def _scheduler(self, function: LocalFunction, schedule: Schedule) -> Worker:
        scheduler = Scheduler(
            rule=schedule.name,
            function=function.template.logical_id,
            seconds=schedule.seconds / self.pace,
            wait=self.stopping.wait,
            invoke=self._asynchronously(function),
            on_ran=self.tell,
        )
        return Worker("scheduler", scheduler.step, stopping=self.stopping)

    def _asynchronously(self, function: LocalFunction) -> AsynchronousInvocation:
        kept = function.template.on_failure
        sqs = self.clients.sqs
        return AsynchronousInvocation(
            function=function,
            maximum_retries=function.template.maximum_retries,
            wait=lambda minutes: self.stopping.wait(minutes * _MINUTE),
            on_failure=DeadLetterQueue(sqs, queue_url(sqs, kept)).keep if kept else lambda _: None,
        )
