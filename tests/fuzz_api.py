"""Asks the local stack everything that its API's description allows, and much that it does not: `make fuzz-api`.

schemathesis makes the requests of /api/openapi.json, most of them for webhooks, deliveries and jobs that there are. No
answer may be a 5xx, and each must be as described: status, media type, JSON. Ends with 1 when one is not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from local import ROOT
from tests.stack_process import running_stack

COPIES: Final = 30
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
    with running_stack(ROOT / "webhooks") as url, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(_config(_what_there_is(f"{url}/api")), encoding="utf-8")
        return _ask(f"{url}/api/openapi.json", config, given.examples, given.seed)


def _what_there_is(api: str) -> dict[str, list[str]]:
    """Values for parameters, by their names: enough webhooks that some outlive being deleted."""

    def ask(path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(api + path, data, {"Content-Type": "application/json"}), timeout=30) as answer:
            return json.load(answer)

    listed = ask("/webhooks")["items"]
    ids = [one["id"] for one in listed]
    deliveries: list[Any] = []
    while not deliveries:  # until the stack's first event has been sent
        deliveries = [one for webhook_id in ids for one in ask(f"/webhooks/{webhook_id}/deliveries")["items"]]
    jobs = [ask(f"/webhooks/{webhook_id}/replays", {"since": 0, "until": 4e9})["job"]["id"] for webhook_id in ids]
    return {
        "webhook_id": [*ids, *(ask(f"/webhooks/{ids[0]}/duplicate", {})["id"] for _ in range(COPIES))],
        "delivery_id": [one["id"] for one in deliveries],
        "event_id": [one["event_id"] for one in deliveries],
        "job_id": jobs,
        "if-match": ["*", '"1"', '"2"'],
    }


def _config(values: dict[str, list[str]]) -> str:
    """In TOML, for whose texts JSON's spelling will do."""
    lines = [f'"{name}" = {{ dictionary = "{name}", probability = 0.8 }}' for name in values]
    dictionaries = [f'[dictionaries."{name}"]\nvalues = {json.dumps(found)}' for name, found in values.items()]
    return "\n".join(["[parameters]", *lines, *dictionaries, ""])


def _ask(url: str, config: Path, examples: int, seed: int) -> int:
    program = str(Path(sys.executable).parent / "schemathesis")
    command = [program, "--config-file", str(config), "run", url, "--phases", "fuzzing,stateful"]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--checks", ",".join(CHECKS)]
    command += ["--suppress-health-check", "all", "--request-timeout", "30"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": os.devnull}).returncode


if __name__ == "__main__":
    sys.exit(main())
