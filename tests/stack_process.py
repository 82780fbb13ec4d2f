"""`make run`'s own stack in a process of its own: for tests that come to it as a person or a program would, by HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from local import ROOT

SECONDS_TO_START: Final = 60.0


@contextmanager
def running_stack(webhooks: Path, *, pace: float = 1.0) -> Iterator[str]:
    """The URL of a local stack with these webhooks while entered. Its minutes go by `pace` times faster."""
    port = _free_port()
    command = [sys.executable, "-m", "local.run", "--webhooks", str(webhooks), "--port", str(port), "--pace", str(pace)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/api/openapi.json")
            yield url
        finally:
            os.killpg(running.pid, signal.SIGTERM)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(url: str) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, TimeoutError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
