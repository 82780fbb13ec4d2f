"""Programs that run beside a test: each in a session of its own, so that whatever it started ends with it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 20.0

# The shell ends the whole group, itself included, once its standard input does: also when the tests are killed.
_GUARDED: Final = ("/bin/sh", "-c", '"$@" </dev/null & cat; kill -KILL 0', "sh")


@contextmanager
def running(
    command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[None]:
    """The program, started in `folder` and writing both its streams to `log`; ended with all its children afterwards.

    It sees `environment` and nothing of this process's own.
    """
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [*_GUARDED, *command],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def until(found: Callable[[], T], what: str, *, log: Path, seconds: float = _PATIENCE_SECONDS) -> T:
    """The first true value of `found()`. Raises AssertionError with the end of `log` when none comes for so long."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise AssertionError(
                f"{what} did not happen within {seconds:.0f} seconds; the end of the log:\n{end_of(log)}"
            )
        time.sleep(0.02)
    return value


def end_of(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-60:])


def free_port() -> int:
    """A port of loopback on which nothing listens; another process could still take it before its user does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
