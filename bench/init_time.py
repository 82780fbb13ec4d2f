"""How long `dispatch` takes from a fresh interpreter until it could handle an event, against the floor.

The floor is what no sender on these libraries can go below: importing boto3 with one client, and urllib3. Each figure
is the median of fresh processes, run in turns on one core, in an environment that holds what Lambda has and no more.
"""

import argparse
import os
import statistics
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = 1.25
_CASES: Final = {
    "floor: boto3, one client, urllib3": "import boto3, urllib3; boto3.client('dynamodb')",
    "dispatch: imported and wired": "import app; app.dispatcher()",
}
_TIMED: Final = "import time; t = time.perf_counter()\n{}\nprint(time.perf_counter() - t)"


def measure(python: str, code: str) -> float:
    """Seconds that `code` takes in a fresh interpreter, on core 0 where the system can pin processes."""
    command = [python, "-c", _TIMED.format(code)]
    answer = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return float(answer.stdout)


def environment() -> dict[str, str]:
    """What Lambda has, and no more."""
    return {
        "PYTHONPATH": f"{ROOT}/layers/common{os.pathsep}{ROOT}/functions/dispatch",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "WEBHOOKS_TABLE": "webhooks",
        "DELIVERIES_TABLE": "deliveries",
        "DELIVERY_RETENTION_DAYS": "90",
        "WAKEUPS_URL": "https://sqs.eu-west-1.amazonaws.com/1/wakeups",
        "EVENT_BUS": "default",
        "DISABLE_AFTER_DAYS": "5",
        "DISPATCH_DEAD_LETTERS_URL": "https://sqs.eu-west-1.amazonaws.com/1/letters",
        "POWERTOOLS_SERVICE_NAME": "dispatch",
        "POWERTOOLS_METRICS_NAMESPACE": "Grantwire",
    }


def main() -> None:
    """Print the medians and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--python", required=True, help="an interpreter with the layer's libraries and boto3")
    arguments.add_argument("--runs", type=int, default=15)
    given = arguments.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for code in _CASES.values():
        measure(given.python, code)  # compiles what is not compiled yet
    taken: dict[str, list[float]] = {name: [] for name in _CASES}
    for _ in range(given.runs):
        for name, code in _CASES.items():
            taken[name].append(measure(given.python, code))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    for name, seconds in medians.items():
        print(f"{name:40} {seconds * 1000:7.0f} ms   (fastest {min(taken[name]) * 1000:.0f} ms)")
    floor, dispatch = medians.values()
    verdict = "met" if dispatch / floor <= TARGET else "MISSED"
    print(f"{'ratio':40} {dispatch / floor:7.2f}      (target ≤ {TARGET}: {verdict})")


if __name__ == "__main__":
    main()
