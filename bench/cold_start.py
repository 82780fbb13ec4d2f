"""How long each function takes from a fresh interpreter until it is wired, against the libraries it cannot do without.

The floor imports, in a fresh interpreter, the modules that the function ends up with and that are not our own, and
makes a client of AWS's if it does. Each figure is the median of fresh processes that take turns on one core.
`webhooks`, which alone ships pydantic, runs on the development environment, the others on what Lambda has.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import Any, Final

from bench.init_time import ROOT, environment

TARGET: Final = 1.15
_WIRED: Final = {
    "dispatch": "app.dispatcher()",
    "redeliver": "app.redeliverer()",
    "sweep": "app.sweeper(), app.circuit_keeper()",
    "operate": "app.operator()",
    "test_webhook": "app.invoker()",
    "webhooks": "None",
    "console": "app.site()",
}
_TIMED: Final = "import time; t = time.perf_counter()\n{}\nprint(time.perf_counter() - t)"
_FOUND: Final = """
import sys; before = set(sys.modules)
import app; {}
own = [name for name in sys.modules if name.split('.')[0] == 'grantwire' or getattr(sys.modules[name], '__file__', None)
       and '/functions/' in (sys.modules[name].__file__ or '')]
made = getattr(sys.modules.get('grantwire.stores.clients'), '_made', None)
others = [name for name in sys.modules if name not in before and name not in own]
print(__import__('json').dumps([others, bool(made and made.cache_info().currsize)]))
"""


def run(python: str, code: str, function: str) -> str:
    """What the code prints in a fresh interpreter that can import the function."""
    path = os.pathsep.join((f"{ROOT}/layers/common", f"{ROOT}/functions/{function}"))
    names = environment() | {"PYTHONPATH": path, "POWERTOOLS_SERVICE_NAME": function, "SECRETS_KEY": "key"}
    names |= {"DISPATCH_FUNCTION": "dispatch", "EVENT_SOURCE": "apono"}
    answer = subprocess.run([python, "-c", code], env=names, capture_output=True, text=True, check=True)
    return answer.stdout


def floor_of(python: str, function: str) -> str:
    """Code that imports and makes what the function does, without us."""
    modules, makes_client = json.loads(run(python, _FOUND.format(_WIRED[function]), function))
    lines = ["import importlib"]
    lines += [f"try: importlib.import_module({name!r})\nexcept ImportError: pass" for name in modules]
    if makes_client:
        lines.append("import botocore.session; botocore.session.Session().create_client('dynamodb')")
    return "\n".join(lines)


def measured(given: str, runs: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each function and of its floor, and their ratio."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found: dict[str, dict[str, float]] = {}
    for function, wired in _WIRED.items():
        python = sys.executable if function == "webhooks" else given
        cases = {"floor": floor_of(python, function), "function": f"import app; {wired}"}
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(runs + 1):
            for name, code in cases.items():
                taken[name].append(float(run(python, _TIMED.format(code), function)) * 1000)
        medians: dict[str, Any] = {name: statistics.median(values[1:]) for name, values in taken.items()}
        found[function] = medians | {"ratio": medians["function"] / medians["floor"]}
    return found


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--python", default=sys.executable, help="an interpreter with the libraries and boto3")
    arguments.add_argument("--runs", type=int, default=9)
    given = arguments.parse_args()
    for name, figures in measured(given.python, given.runs).items():
        verdict = ("met" if figures["ratio"] <= TARGET else "MISSED") if name in ("dispatch", "redeliver") else "-"
        print(f"{name:14} " + ", ".join(f"{key} {value:.4g}" for key, value in figures.items()) + f" ({verdict})")


if __name__ == "__main__":
    main()
