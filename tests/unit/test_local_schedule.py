"""A schedule: when it calls, and with what."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.asynchronous import Event, Handled
from local.schedule import Ran, Scheduler, scheduled_event
from local.worker import Worker

NOW = datetime(2026, 11, 24, 1, 2, 3, 456000, tzinfo=UTC)


@dataclass
class World:
    """What was waited for, what was called, what was told."""

    stops: bool = False
    error: Exception | None = None
    waited: list[float] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    told: list[Ran] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return self.stops

    def invoke(self, event: Event) -> Handled:
        self.events.append(event)
        return Handled(event=event, invocations=1, error=self.error)

    def scheduler(self) -> Scheduler:
        return Scheduler(
            rule="SweepFunctionEachMinute",
            function="SweepFunction",
            seconds=60,
            wait=self.wait,
            invoke=self.invoke,
            on_ran=self.told.append,
            now=lambda: NOW,
        )


def test_each_period_ends_with_one_call() -> None:
    world = World()
    scheduler = world.scheduler()
    scheduler.step()
    scheduler.step()
    assert world.waited == [60, 60]
    assert len(world.events) == 2
    assert world.told == [Ran(function="SweepFunction", error=None)] * 2


def test_nothing_is_called_when_the_wait_was_cut_short() -> None:
    world = World(stops=True)
    world.scheduler().step()
    assert (world.events, world.told) == ([], [])


def test_what_the_function_raised_is_told() -> None:
    world = World(error=RuntimeError("out of order"))
    world.scheduler().step()
    assert world.told == [Ran(function="SweepFunction", error=world.error)]


def test_the_event_is_that_of_a_rule_with_a_schedule() -> None:
    event = scheduled_event("SweepFunctionEachMinute", NOW)
    assert event.pop("id") != scheduled_event("SweepFunctionEachMinute", NOW)["id"]
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-24T01:02:03Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/SweepFunctionEachMinute"],
        "detail": {},
    }


def test_workers_that_share_an_end_stop_together() -> None:
    stopping, running = threading.Event(), threading.Barrier(3)

    def steps() -> Iterator[None]:
        running.wait(timeout=5)
        yield
        while True:
            stopping.wait(timeout=5)
            yield

    with Worker("one", steps().__next__, stopping=stopping), Worker("two", steps().__next__, stopping=stopping):
        running.wait(timeout=5)
        stopping.set()
    assert {"one", "two"}.isdisjoint(thread.name for thread in threading.enumerate())
