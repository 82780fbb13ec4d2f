"""Simulated time and simulated processes: one thing happens at a time, and chance says which is next.

A process is one invocation of a Lambda function. Its workers (the function itself, and the tasks of its executor) are
greenlets: a worker runs until it pauses, and others run meanwhile. A process that crashes does nothing any more.
"""

import heapq
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]

T = TypeVar("T")


class CrashError(BaseException):
    """The process stops here. Not an Exception: nothing in the process may handle it."""


class ViolationError(BaseException):
    """A promise was broken. Not an Exception either: it ends the simulation, whoever is running."""

    def __init__(self, invariant: str, what: str) -> None:
        self.invariant = invariant
        super().__init__(f"{invariant}: {what}")


@dataclass(eq=False)
class Process:
    """One invocation. `ended` is called once: with None, the exception, or CrashError."""

    name: str
    ended: Callable[[BaseException | None], None]
    skew: float = 0.0
    alive: bool = True
    crashed: bool = False
    workers: list[Any] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Hub:
    """The clock, what is to happen, and the workers. `lines`: what happened, when it is `tracing`."""

    now: float
    tracing: bool = False
    lines: list[str] = field(default_factory=list)
    _main: Any = field(default_factory=getcurrent)
    _heap: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    _running: Process | None = None

    @property
    def process(self) -> Process:
        """Whose worker is running."""
        assert self._running is not None, "only workers may do this"
        return self._running

    def clock(self) -> float:
        """What the running process takes for the time."""
        return self.now + (self._running.skew if self._running else 0.0)

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Have something happen; never in the past."""
        self._count += 1
        heapq.heappush(self._heap, (max(moment, self.now), self._count, action))

    def run(self, until: float, after_each: Callable[[], None]) -> None:
        """Let everything happen. Raises ViolationError when there is still something to happen at `until`."""
        while self._heap:
            self.now, _, action = heapq.heappop(self._heap)
            if self.now > until:
                raise ViolationError("it ends", "something goes on for ever")
            action()
            after_each()

    def trace(self, text: str) -> None:
        """Note what happens, if anybody wants to know."""
        if self.tracing:
            who = self._running.name if self._running else ""
            self.lines.append(f"{self.now:14.3f}  {who:<22} {text}")

    def start(self, process: Process, function: Callable[[], object], *, seconds: float) -> None:
        """Run a function as a process that is stopped after `seconds`."""

        def main() -> None:
            try:
                function()
            except Exception as exc:
                self._end(process, exc)
            else:
                self._end(process, None)

        def stop() -> None:
            if process.alive:
                process.crashed = True
                self._kill(process, "its time is over")

        self._spawn(process, main, self.now)
        self.at(self.now + seconds, stop)

    def submit(self, function: Callable[[], T], moment: float) -> "SimulatedFuture[T]":
        """Run a function as another worker of the running process."""
        future: SimulatedFuture[T] = SimulatedFuture(self)

        def task() -> None:
            try:
                future.set_result(function())
            except Exception as exc:
                future.set_exception(exc)

        self._spawn(self.process, task, moment)
        return future

    def pause(self, seconds: float) -> None:
        """The running worker goes on after a while; others run meanwhile."""
        worker = getcurrent()
        process = self.process
        self.at(self.now + seconds, lambda: self._switch(process, worker))
        self._main.switch()

    def park(self, future: "SimulatedFuture[Any]") -> None:
        """The running worker goes on when the future is done."""
        worker = getcurrent()
        process = self.process
        future.add_done_callback(lambda _: self.at(self.now, lambda: self._switch(process, worker)))
        self._main.switch()

    def _spawn(self, process: Process, function: Callable[[], None], moment: float) -> None:
        worker = greenlet(function, self._main)
        process.workers.append(worker)
        self.at(moment, lambda: self._switch(process, worker))

    def _switch(self, process: Process, worker: Any) -> None:
        if not process.alive:
            return
        self._running = process
        try:
            worker.switch()
        except CrashError as crash:
            process.crashed = True
            self._kill(process, str(crash))
        finally:
            self._running = None

    def _kill(self, process: Process, how: str) -> None:
        self._running = process
        self.trace(f"CRASH {how}")
        process.alive = False
        for worker in process.workers:
            if worker:  # has begun and not ended
                worker.throw(GreenletExit)
        self._running = None
        process.ended(CrashError(how))

    def _end(self, process: Process, error: Exception | None) -> None:
        process.alive = False
        process.ended(error)


class SimulatedFuture(Future[T]):
    """A future whose waiter lets others run."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub

    def result(self, timeout: float | None = None) -> T:
        if not self.done():
            self._hub.park(self)
        return super().result(timeout)


@dataclass(eq=False)
class SimulatedExecutor(Executor):
    """Runs tasks as workers of the process that submits them, in whatever order `delay` makes of it."""

    hub: Hub
    delay: Callable[[], float]

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return self.hub.submit(lambda: function(*args, **kwargs), self.hub.now + self.delay())
