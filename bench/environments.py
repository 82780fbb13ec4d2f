"""Lambda's part on this machine: the real dispatch handler in processes of its own, each with one event at a time."""

import json
import multiprocessing
import os
import queue
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import SimpleNamespace
from typing import Any

from local import ROOT
from local.functions import load_handler


@dataclass
class Environments:
    """Processes that are ready; they take turns, so that none is used that has lost its connections meanwhile.

    pids      of the processes
    problems  what handlers raised
    busiest   the most events that were handled at the same time
    """

    connections: list["Connection[Any, Any]"]
    pids: list[int]
    problems: list[str] = field(default_factory=list)
    busiest: int = 0
    _free: "queue.Queue[Connection[Any, Any]]" = field(default_factory=queue.Queue)
    _ended: threading.Event = field(default_factory=threading.Event)

    def begin(self, environment: Mapping[str, str]) -> None:
        """Set the variables of every process, and wait until its handler is loaded."""
        for connection in self.connections:
            connection.send(dict(environment))
        for connection in self.connections:
            connection.recv()
            self._free.put(connection)

    def warm(self, events: list[Any]) -> None:
        """Every process handles these first: cold starts are measured elsewhere."""
        for event in events:
            for connection in self.connections:
                connection.send(event)
            self.problems += [problem for connection in self.connections if (problem := connection.recv())]

    def invoke(self, event: Any) -> None:
        """Hand an event to a process, once one is free."""
        self._free.get().send(event)
        self.busiest = max(self.busiest, len(self.connections) - self._free.qsize())

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Processes that have ended their event are free again, while entered."""
        collector = threading.Thread(target=self._collect, name="collector")
        collector.start()
        try:
            yield
        finally:
            self._ended.set()
            collector.join()

    def _collect(self) -> None:
        while not self._ended.is_set():
            for connection in wait(self.connections, timeout=0.2):
                assert isinstance(connection, Connection)
                if problem := connection.recv():
                    self.problems.append(problem)
                self._free.put(connection)


@contextmanager
def environments(count: int) -> Iterator[Environments]:
    """So many processes, forked from this one, which must not have threads yet."""
    import grantwire.wiring  # noqa: F401  # once for all of them

    forking = multiprocessing.get_context("fork")
    pipes = [forking.Pipe() for _ in range(count)]
    processes = [forking.Process(target=_serve, args=(theirs,), daemon=True) for _, theirs in pipes]
    for process in processes:
        process.start()
    try:
        yield Environments([ours for ours, _ in pipes], [process.pid or 0 for process in processes])
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(connection: "Connection[Any, Any]") -> None:
    """The environment first, then events: for each, what the handler raised."""
    os.environ.update(connection.recv())
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # the log goes to CloudWatch, whose work is not ours
    handler = load_handler(ROOT / "functions/dispatch/app.py")
    context = SimpleNamespace(aws_request_id="bench", get_remaining_time_in_millis=lambda: 120_000)
    connection.send("ready")
    while True:
        event = connection.recv()
        try:
            json.dumps(handler(event, context))
            connection.send("")
        except Exception as exc:
            connection.send(f"{type(exc).__name__}: {exc}")
