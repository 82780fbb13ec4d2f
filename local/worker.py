"""A thread that takes one step after the other."""

import threading
from collections.abc import Callable
from typing import Self


class Worker:
    """Calls `step` again and again while entered. `stopping` ends all workers that share it, after their step."""

    def __init__(self, name: str, step: Callable[[], None], *, stopping: threading.Event | None = None) -> None:
        self._step = step
        self._stopping = stopping or threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._step()
