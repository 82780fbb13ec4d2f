"""Asks the local stack everything that its API's description allows, and much that it does not: `make fuzz-api`.

schemathesis makes the requests of /api/openapi.json. No answer may be a 5xx, and each must be as described: status,
media type, JSON. Ends with 1 when one is not.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from local import ROOT
from tests.stack_process import running_stack

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
    with running_stack(ROOT / "webhooks") as url:
        return _ask(f"{url}/api/openapi.json", given.examples, given.seed)


def _ask(url: str, examples: int, seed: int) -> int:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", url, "--phases", "fuzzing,stateful"]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--checks", ",".join(CHECKS)]
    command += ["--suppress-health-check", "all", "--request-timeout", "30"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": os.devnull}).returncode


if __name__ == "__main__":
    sys.exit(main())
