"""What is printed while the stack runs. The functions' own output goes to their log instead."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Terminal:
    """The stream that people read."""

    stream: TextIO

    @classmethod
    def on(cls, stream: TextIO) -> "Terminal":
        """A terminal that writes what its encoding lacks as escapes, rather than fail on it."""
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        return cls(stream)

    def say(self, text: str = "") -> None:
        """Prints lines, at once."""
        print(text, file=self.stream, flush=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Says what is going on, and when it is done how long it took."""
        print(f"  {what} ... ", end="", file=self.stream, flush=True)
        started = time.monotonic()
        try:
            yield
        except BaseException:
            self.say()
            raise
        self.say(f"{time.monotonic() - started:.1f} s")
