"""HTTPS receivers on loopback in a process of their own, which can be made slow, and what they saw."""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from tests.receivers import Authority, Received, answer, receiving

_MARK: Final = re.compile(rb"bench-\d+")  # what names an event in a body
HANDSHAKE: Final = "handshake"


@dataclass(frozen=True)
class Receivers:
    """The process as its owner sees it: the receivers' URLs, and where each writes down what it saw."""

    urls: Sequence[str]
    ca_file: str
    child: "subprocess.Popen[str]"
    folder: Path

    def delay(self, index: int, seconds: float) -> None:
        """From now on, that receiver takes so long to answer."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        print(index, seconds, file=self.child.stdin, flush=True)
        self.child.stdout.readline()

    def handshakes(self, index: int) -> int:
        """TLS connections that receiver has accepted so far."""
        return sum(line.startswith(HANDSHAKE) for line in self._log(index))

    def arrivals(self, index: int) -> dict[str, float]:
        """When each marked event first arrived whole, in seconds of time.monotonic."""
        found: dict[str, float] = {}
        for line in self._log(index):
            mark, _, moment = line.partition(" ")
            if mark != HANDSHAKE:
                found.setdefault(mark, float(moment))
        return found

    def _log(self, index: int) -> list[str]:
        return (self.folder / str(index)).read_text().splitlines()


@contextmanager
def receivers(count: int) -> Iterator[Receivers]:
    """So many receivers, each on a port of its own, while entered."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.receiving", folder, str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            try:
                urls = child.stdout.readline().split()
                yield Receivers(urls, f"{folder}/ca.pem", child, Path(folder))
            finally:
                child.communicate("")


class _Answering:
    """A script for one receiver: writes down each handshake and each event's arrival, waits, and accepts."""

    def __init__(self, log: TextIO) -> None:
        self._log, self._lock = log, threading.Lock()
        self.delay_seconds = 0.0

    def __call__(self, connection: Received) -> None:
        self._write(HANDSHAKE)
        while request := connection.request():
            arrived = time.monotonic()
            if mark := _MARK.search(request):
                self._write(f"{mark[0].decode()} {arrived!r}")
            if self.delay_seconds:
                time.sleep(self.delay_seconds)
            connection.write(answer())

    def _write(self, line: str) -> None:
        with self._lock:
            print(line, file=self._log, flush=True)


def main(folder: Path, count: int) -> None:
    """Serve until standard input ends; each line of it makes one receiver slow."""
    context = Authority(folder).server_context()
    with ExitStack() as stack:
        scripts = [_Answering(stack.enter_context((folder / str(index)).open("w"))) for index in range(count)]
        served = [stack.enter_context(receiving(script, context)) for script in scripts]
        print(*(one.url for one in served), flush=True)
        for line in sys.stdin:
            index, seconds = line.split()
            scripts[int(index)].delay_seconds = float(seconds)
            print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
