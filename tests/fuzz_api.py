"""Asks the local stack everything that its API's description allows, and much that it does not: `make fuzz-api`.

schemathesis makes the requests of /api/openapi.json. No answer may be a 5xx, and each must be as described: status,
media type, JSON. Ends with 1 when one is not.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from local import ROOT

SECONDS_TO_START: Final = 60.0
CHECKS: Final = (
    *("not_a_server_error", "status_code_conformance"),
    *("content_type_conformance", "response_schema_conformance"),
)


def main() -> int:
    """Start a local stack, have it asked, stop it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--examples", type=int, default=20, help="for each operation")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    port = _free_port()
    stack = [sys.executable, "-m", "local.run", "--webhooks", "webhooks", "--port", str(port)]
    with subprocess.Popen(stack, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            url = f"http://127.0.0.1:{port}/api/openapi.json"
            _wait_for(url)
            return _ask(url, given.examples, given.seed)
        finally:
            os.killpg(running.pid, signal.SIGTERM)


def _ask(url: str, examples: int, seed: int) -> int:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", url, "--phases", "fuzzing,stateful"]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--checks", ",".join(CHECKS)]
    command += ["--suppress-health-check", "all", "--request-timeout", "30"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": os.devnull}).returncode


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(url: str) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
